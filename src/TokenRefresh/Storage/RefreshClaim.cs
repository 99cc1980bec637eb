using System;

namespace TokenRefresh;

/// <summary>One refresh's claim on a record.</summary>
/// <param name="Lineage">The lineage whose refresh token is to be spent.</param>
/// <param name="Version">The version whose access token was refused.</param>
/// <param name="Owner">Names the claimer: unique among all processes, and new for each refresh.</param>
/// <param name="Lease">How long the claim holds, by the store's clock, if nothing is heard of the claimer.</param>
public sealed record RefreshClaim(string Lineage, long Version, string Owner, TimeSpan Lease);

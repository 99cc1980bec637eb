namespace TokenRefresh.Samples.Servers;

/// <summary>What a sign-in brought.</summary>
/// <param name="Access">The access token.</param>
/// <param name="Refresh">The refresh token.</param>
public sealed record SimpleJwtTokens(string Access, string Refresh);

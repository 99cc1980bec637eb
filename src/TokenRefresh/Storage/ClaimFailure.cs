using System;

namespace TokenRefresh;

/// <summary>Why a claim brought no tokens.</summary>
public sealed record ClaimFailure
{
    /// <summary>Set where the refresh token is dead: the record is marked dead and its tokens are removed.</summary>
    public ReLoginReason? Dead { get; init; }

    /// <summary>The server's error code for a dead refresh token.</summary>
    public string? Error { get; init; }

    /// <summary>How long nobody may ask again, where the server said so.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether the server may have rotated without its answer arriving.</summary>
    public bool InDoubt { get; init; }
}

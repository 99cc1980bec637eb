using System;

namespace TokenRefresh;

/// <summary>How a session is doing, for health checks. Holds no secret and no user.</summary>
public readonly record struct TokenSessionHealth
{
    /// <summary>The session's name.</summary>
    public string SessionName { get; internal init; }

    /// <summary>What is known of the login.</summary>
    public TokenSessionState State { get; internal init; }

    /// <summary>What the last refresh failed with; <see langword="null"/>: it succeeded, or there was none since the sign-in.</summary>
    public TokenRefreshFailure? LastFailure { get; internal init; }

    /// <summary>Until when requests start no refresh, after the last one failed; <see langword="null"/>: nothing holds one back.</summary>
    public DateTimeOffset? CoolDownUntil { get; internal init; }

    /// <summary>When the tokens in use came out of a refresh; <see langword="null"/>: they were signed in, or read from the store.</summary>
    public DateTimeOffset? RefreshedAt { get; internal init; }
}

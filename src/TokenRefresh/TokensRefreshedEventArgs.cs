namespace TokenRefresh;

/// <summary>The arguments of the event that a session has a new access token. They contain no token.</summary>
/// <param name="sessionName">The session's name.</param>
/// <param name="userKey">The session's user, or <see langword="null"/> if the session has no separate users.</param>
/// <param name="expiresAt">When the new access token expires, or <see langword="null"/> if that is unknown.</param>
public sealed class TokensRefreshedEventArgs(string sessionName, string? userKey, DateTimeOffset? expiresAt) : EventArgs
{
    /// <summary>The session's name.</summary>
    public string SessionName { get; } = sessionName;

    /// <summary>The session's user, or <see langword="null"/> if the session has no separate users.</summary>
    public string? UserKey { get; } = userKey;

    /// <summary>When the new access token expires, by the local clock; <see langword="null"/> if that is unknown.</summary>
    public DateTimeOffset? ExpiresAt { get; } = expiresAt;
}

namespace TokenRefresh;

/// <summary>The arguments of the event that a session has a new access token. They contain no token.</summary>
public sealed class TokensRefreshedEventArgs : EventArgs
{
    /// <summary>Creates the arguments.</summary>
    /// <param name="sessionName">The session's name.</param>
    /// <param name="userKey">The session's user, or <see langword="null"/> if the session has no separate users.</param>
    /// <param name="expiresAt">When the new access token expires, or <see langword="null"/> if that is unknown.</param>
    public TokensRefreshedEventArgs(string sessionName, string? userKey, DateTimeOffset? expiresAt)
    {
        SessionName = sessionName;
        UserKey = userKey;
        ExpiresAt = expiresAt;
    }

    /// <summary>The session's name.</summary>
    public string SessionName { get; }

    /// <summary>The session's user, or <see langword="null"/> if the session has no separate users.</summary>
    public string? UserKey { get; }

    /// <summary>When the new access token expires, by the local clock; <see langword="null"/> if that is unknown.</summary>
    public DateTimeOffset? ExpiresAt { get; }
}

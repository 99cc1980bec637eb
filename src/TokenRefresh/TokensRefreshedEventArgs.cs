namespace TokenRefresh;

/// <summary>A session has a new access token. Holds no token.</summary>
public sealed class TokensRefreshedEventArgs : EventArgs
{
    /// <summary>Creates the arguments.</summary>
    /// <param name="sessionName">The session's name.</param>
    /// <param name="userKey">The session's user, if it has one.</param>
    /// <param name="expiresAt">When the new access token expires, if known.</param>
    public TokensRefreshedEventArgs(string sessionName, string? userKey, DateTimeOffset? expiresAt)
    {
        SessionName = sessionName;
        UserKey = userKey;
        ExpiresAt = expiresAt;
    }

    /// <summary>The session's name.</summary>
    public string SessionName { get; }

    /// <summary>The session's user, or <see langword="null"/> where the session has only one.</summary>
    public string? UserKey { get; }

    /// <summary>When the new access token expires, or <see langword="null"/> where that is unknown.</summary>
    public DateTimeOffset? ExpiresAt { get; }
}

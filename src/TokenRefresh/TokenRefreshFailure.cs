namespace TokenRefresh;

/// <summary>The kind of failure that a <see cref="TokenRefreshException"/> reports.</summary>
public enum TokenRefreshFailure
{
    /// <summary>The login has ended, or the user signed out. The user must sign in again; a retry doesn't help.</summary>
    ReLoginRequired,

    /// <summary>The refresh failed and can succeed later: network, overloaded server, unavailable store.</summary>
    Transient,

    /// <summary>The configuration is wrong, here or at the server. Correct it; a retry doesn't help.</summary>
    Configuration,
}

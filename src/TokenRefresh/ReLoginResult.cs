namespace TokenRefresh;

/// <summary>What a request gets whose login is dead or was signed out while the request was held.</summary>
public enum ReLoginResult
{
    /// <summary>A 401: its own, or a local one where nothing was sent.</summary>
    Return401,

    /// <summary>A <see cref="TokenRefreshException"/> with <see cref="TokenRefreshFailure.ReLoginRequired"/>.</summary>
    Throw,
}

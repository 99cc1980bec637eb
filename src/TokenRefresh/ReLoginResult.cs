namespace TokenRefresh;

/// <summary>What the caller gets when the login has ended, or when the user signed out while the request waited.</summary>
public enum ReLoginResult
{
    /// <summary>A 401: that of the API, or a local one if the request wasn't sent.</summary>
    Return401,

    /// <summary>A <see cref="TokenRefreshException"/> with <see cref="TokenRefreshFailure.ReLoginRequired"/>.</summary>
    Throw,
}

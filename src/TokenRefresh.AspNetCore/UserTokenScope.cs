namespace TokenRefresh;

/// <summary>Which browsers of a user share a token session.</summary>
public enum UserTokenScope
{
    /// <summary>Each browser login has its own tokens. A sign-out in one browser leaves the other browsers signed in.</summary>
    PerLogin,

    /// <summary>All browsers of a user share the tokens of the last login. A sign-out in one browser signs out all browsers.</summary>
    PerUser,
}

namespace TokenRefresh.Testing;

/// <summary>How a token server answers a refresh token that was used before.</summary>
public enum TokenServerMode
{
    /// <summary>A used refresh token gets <c>invalid_grant</c>.</summary>
    ReuseIsRejected,

    /// <summary>A used refresh token revokes all tokens of its sign-in.</summary>
    ReuseRevokesFamily,

    /// <summary>The refresh token that was used last gets the same new tokens again.</summary>
    ReuseWithinGracePeriod,

    /// <summary>As <see cref="ReuseIsRejected"/>, with the requests and responses of Django Simple JWT.</summary>
    SimpleJwt,
}

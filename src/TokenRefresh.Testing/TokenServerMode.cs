namespace TokenRefresh.Testing;

/// <summary>How a token server answers a refresh token that was used before.</summary>
public enum TokenServerMode
{
    /// <summary>A used refresh token gets <c>invalid_grant</c>.</summary>
    Strict,

    /// <summary>A used refresh token revokes all tokens of its sign-in.</summary>
    Family,

    /// <summary>The refresh token that was used last gets the same new tokens again.</summary>
    Grace,

    /// <summary>As <see cref="Strict"/>, with the requests and responses of Django Simple JWT.</summary>
    SimpleJwt,
}

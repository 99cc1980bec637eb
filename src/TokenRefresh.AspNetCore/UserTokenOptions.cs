namespace TokenRefresh;

/// <summary>The authentication schemes of a token session, and which browsers share it.</summary>
public sealed class UserTokenOptions
{
    /// <summary>The OpenID Connect scheme whose logins the session keeps.</summary>
    /// <value>
    /// The default is <see langword="null"/>: the only OpenID Connect scheme of the app, or none if
    /// <see cref="TokenRefreshOptions.TokenEndpoint"/> is set.
    /// </value>
    public string? OpenIdConnectScheme { get; set; }

    /// <summary>The cookie scheme that keeps the user signed in.</summary>
    /// <value>
    /// The default is <see langword="null"/>: the sign-in scheme of the OpenID Connect scheme. Without that scheme, the app's default
    /// scheme for sign-ins.
    /// </value>
    public string? CookieScheme { get; set; }

    /// <summary>Which browsers of a user share a session.</summary>
    /// <value>The default is <see cref="UserTokenScope.PerLogin"/>.</value>
    public UserTokenScope Scope { get; set; }

    /// <summary>Whether a login without a refresh token fails.</summary>
    /// <value>
    /// The default is <see langword="true"/>: <c>offline_access</c> is requested. A login without a refresh token fails with a message that
    /// says what to do. With <see langword="false"/> such a login ends with its access token.
    /// </value>
    public bool RequireRefreshToken { get; set; } = true;

    /// <summary>Whether the session keeps the id token. A sign-out sends it to the provider (<c>id_token_hint</c>).</summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool KeepIdToken { get; set; } = true;
}

namespace TokenRefresh;

/// <summary>How a web app's logins and its token sessions belong together.</summary>
public sealed class UserTokenOptions
{
    /// <summary>The OpenID Connect scheme whose logins fill the session.</summary>
    /// <value>
    /// The default is <see langword="null"/>: the only OpenID Connect scheme of the app, or none where
    /// <see cref="TokenRefreshOptions.TokenEndpoint"/> is set.
    /// </value>
    public string? OpenIdConnectScheme { get; set; }

    /// <summary>The cookie scheme that keeps the user signed in.</summary>
    /// <value>
    /// The default is <see langword="null"/>: the sign-in scheme of the OpenID Connect scheme, or else the app's default scheme.
    /// </value>
    public string? CookieScheme { get; set; }

    /// <summary>Which browsers of a user share a session.</summary>
    /// <value>The default is <see cref="UserTokenScope.PerLogin"/>.</value>
    public UserTokenScope Scope { get; set; }

    /// <summary>Whether a login without a refresh token fails.</summary>
    /// <value>
    /// The default is <see langword="true"/>: <c>offline_access</c> is requested, and a login that brings no refresh token fails with a
    /// message that names it. With <see langword="false"/> such a login ends with its access token.
    /// </value>
    public bool RequireRefreshToken { get; set; } = true;

    /// <summary>Whether the session keeps the id token, to name the login to the provider at a sign-out (<c>id_token_hint</c>).</summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool KeepIdToken { get; set; } = true;
}

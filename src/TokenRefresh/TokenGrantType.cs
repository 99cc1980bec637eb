namespace TokenRefresh;

/// <summary>The grant that a session requests tokens with.</summary>
public enum TokenGrantType
{
    /// <summary>A user's login: its refresh token (RFC 6749, section 6).</summary>
    RefreshToken,

    /// <summary>
    /// The client's own identity, for service to service (RFC 6749, section 4.4). No user signs in, and there is no refresh token.
    /// </summary>
    ClientCredentials,
}

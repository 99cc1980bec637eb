namespace TokenRefresh;

/// <summary>What a session's tokens are asked for with.</summary>
public enum TokenGrantType
{
    /// <summary>A user's login: its refresh token (RFC 6749, section 6).</summary>
    RefreshToken,

    /// <summary>
    /// The client's own identity, for service to service (RFC 6749, section 4.4): no user signs in, and there is no refresh token.
    /// </summary>
    ClientCredentials,
}

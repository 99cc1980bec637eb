namespace TokenRefresh;

/// <summary>The protocol of a token endpoint.</summary>
public enum TokenEndpointProtocol
{
    /// <summary>OAuth 2.0: a form with <c>grant_type=refresh_token</c> (RFC 6749, section 6).</summary>
    OAuth,

    /// <summary>
    /// Django REST framework Simple JWT: a JSON request with <c>refresh</c>, a response with <c>access</c> and <c>refresh</c>.
    /// </summary>
    SimpleJwt,
}

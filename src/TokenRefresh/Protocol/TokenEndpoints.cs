namespace TokenRefresh.Protocol;

/// <summary>The built-in token endpoints.</summary>
internal static class TokenEndpoints
{
    /// <summary>Creates the endpoint that <see cref="TokenRefreshOptions.Protocol"/> names.</summary>
    /// <param name="options">The session's options.</param>
    /// <param name="backchannel">Returns the client for one request.</param>
    /// <param name="discovery">Finds the endpoint; <see langword="null"/> if the options name it.</param>
    /// <param name="time">The clock by which tokens are received.</param>
    public static ITokenEndpoint For(TokenRefreshOptions options, Func<HttpClient> backchannel, Discovery? discovery, TimeProvider time) =>
        options.Protocol switch
        {
            TokenEndpointProtocol.SimpleJwt => new SimpleJwtTokenEndpoint(options, backchannel, time),
            _ => new OAuthTokenEndpoint(options, backchannel, discovery, time),
        };
}

using System;
using System.Net.Http;

namespace TokenRefresh.Protocol;

internal static class TokenEndpoints
{
    /// <summary>The endpoint that <see cref="TokenRefreshOptions.Protocol"/> names.</summary>
    public static ITokenEndpoint For(TokenRefreshOptions options, Func<HttpClient> backchannel, TimeProvider time) => options.Protocol switch
    {
        TokenEndpointProtocol.SimpleJwt => new SimpleJwtTokenEndpoint(options, backchannel, time),
        _ => new OAuthTokenEndpoint(options, backchannel, time),
    };
}

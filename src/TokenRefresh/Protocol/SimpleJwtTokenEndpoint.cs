using System.Net.Http.Headers;
using System.Text.Json;

namespace TokenRefresh.Protocol;

/// <summary>Django REST framework Simple JWT: JSON in the request and in the response; a 401 reports a dead refresh token.</summary>
internal sealed class SimpleJwtTokenEndpoint(TokenRefreshOptions options, Func<HttpClient> backchannel, TimeProvider time)
    : HttpTokenEndpoint(options, backchannel, discovery: null, time)
{
    /// <summary>Creates the body that both the refresh view and the blacklist view read.</summary>
    public static ByteArrayContent Body(string refreshToken, TokenRefreshOptions options)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("refresh", refreshToken);
            foreach (var parameter in options.ExtraParameters)
            {
                json.WriteString(parameter.Key, parameter.Value);
            }

            json.WriteEndObject();
        }

        var content = new ByteArrayContent(buffer.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }

    protected override HttpContent Write(HttpRequestMessage message, TokenEndpointRequest request) => Body(request.RefreshToken!, Options);

    protected override TokenEndpointResult Classify(TokenResponse response, DateTimeOffset now) =>
        TokenResponseClassifier.SimpleJwt(response, now);
}

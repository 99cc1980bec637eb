using System;
using System.IO;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text.Json;

namespace TokenRefresh.Protocol;

/// <summary>Django REST framework Simple JWT: JSON in, JSON out, and a 401 of its own for a dead refresh token.</summary>
internal sealed class SimpleJwtTokenEndpoint(TokenRefreshOptions options, Func<HttpClient> backchannel, TimeProvider time)
    : HttpTokenEndpoint(options, backchannel, time)
{
    protected override void Write(HttpRequestMessage message, TokenEndpointRequest request)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("refresh", request.RefreshToken);
            foreach (var parameter in Options.ExtraParameters)
            {
                json.WriteString(parameter.Key, parameter.Value);
            }

            json.WriteEndObject();
        }

        message.Content = new ByteArrayContent(buffer.ToArray());
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
    }

    protected override TokenEndpointResult Classify(TokenAnswer answer, DateTimeOffset now) => AnswerClassifier.SimpleJwt(answer, now);
}

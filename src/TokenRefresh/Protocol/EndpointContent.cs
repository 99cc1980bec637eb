using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace TokenRefresh.Protocol;

/// <summary>The content of the requests to a server's endpoints.</summary>
internal static class EndpointContent
{
    /// <summary>Django REST framework Simple JWT: the JSON that both the refresh view and the blacklist view read.</summary>
    public static ByteArrayContent SimpleJwt(string refreshToken, TokenRefreshOptions options)
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

    /// <summary>
    /// OAuth 2.0: a form with <c>grant_type=refresh_token</c> (RFC 6749, section 6), or <c>client_credentials</c> (section 4.4).
    /// </summary>
    public static FormUrlEncodedContent OAuth(HttpRequestMessage message, TokenEndpointRequest request, TokenRefreshOptions options)
    {
        var form = new Dictionary<string, string>(options.ExtraParameters, StringComparer.Ordinal)
        {
            ["grant_type"] = request.RefreshToken is null ? "client_credentials" : "refresh_token",
        };
        if (request.RefreshToken is { } refreshToken)
        {
            form["refresh_token"] = refreshToken;
        }

        // An empty setting of a configuration file means the scope that the login has.
        if (request.Scope is { Length: > 0 } scope)
        {
            form["scope"] = scope;
        }

        return Authenticated(message, form, options);
    }

    /// <summary>Adds the client's authentication (RFC 6749, section 2.3.1) to the headers or the form.</summary>
    public static FormUrlEncodedContent Authenticated(
        HttpRequestMessage message, Dictionary<string, string> form, TokenRefreshOptions options)
    {
        // An empty setting of a configuration file means that there is no secret.
        var secret = options.ClientSecret;
        var method = options.ClientAuthentication
            ?? (string.IsNullOrEmpty(secret) ? ClientAuthentication.None : ClientAuthentication.Basic);
        if (method == ClientAuthentication.Basic)
        {
            // RFC 6749, section 2.3.1: both parts are form-encoded before they are joined.
            var pair = WebUtility.UrlEncode(options.ClientId) + ":" + WebUtility.UrlEncode(secret);
            message.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(pair)));
        }
        else
        {
            form["client_id"] = options.ClientId!;
        }

        if (method == ClientAuthentication.Post)
        {
            form["client_secret"] = secret!;
        }

        return new FormUrlEncodedContent(form);
    }
}

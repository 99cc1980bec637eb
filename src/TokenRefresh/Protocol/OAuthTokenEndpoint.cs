using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace TokenRefresh.Protocol;

/// <summary>
/// OAuth 2.0: a form with <c>grant_type=refresh_token</c> (RFC 6749, section 6), or <c>client_credentials</c> (section 4.4).
/// </summary>
internal sealed class OAuthTokenEndpoint(TokenRefreshOptions options, Func<HttpClient> backchannel, Discovery? discovery, TimeProvider time)
    : HttpTokenEndpoint(options, backchannel, discovery, time)
{
    protected override HttpContent Write(HttpRequestMessage message, TokenEndpointRequest request)
    {
        var form = new Dictionary<string, string>(Options.ExtraParameters, StringComparer.Ordinal)
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

        Authenticate(message, form, Options);
        return new FormUrlEncodedContent(form);
    }

    protected override TokenEndpointResult Classify(TokenResponse response, DateTimeOffset now) =>
        TokenResponseClassifier.OAuth(response, Options.Scheme, now);

    /// <summary>Adds the client's authentication (RFC 6749, section 2.3.1) to the headers or the form.</summary>
    public static void Authenticate(HttpRequestMessage message, Dictionary<string, string> form, TokenRefreshOptions options)
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
            return;
        }

        form["client_id"] = options.ClientId!;
        if (method == ClientAuthentication.Post)
        {
            form["client_secret"] = secret!;
        }
    }
}

using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;

namespace TokenRefresh.Protocol;

/// <summary>OAuth 2.0: a form with <c>grant_type=refresh_token</c> (RFC 6749, section 6).</summary>
internal sealed class OAuthTokenEndpoint(TokenRefreshOptions options, Func<HttpClient> backchannel, TimeProvider time)
    : HttpTokenEndpoint(options, backchannel, time)
{
    protected override void Write(HttpRequestMessage message, TokenEndpointRequest request)
    {
        var form = new Dictionary<string, string>(Options.ExtraParameters, StringComparer.Ordinal)
        {
            ["grant_type"] = "refresh_token",
            ["refresh_token"] = request.RefreshToken,
        };
        if (request.Scope is { } scope)
        {
            form["scope"] = scope;
        }

        Authenticate(message, form);
        message.Content = new FormUrlEncodedContent(form);
    }

    protected override TokenEndpointResult Classify(TokenAnswer answer, DateTimeOffset now) => AnswerClassifier.OAuth(answer, Options.Scheme, now);

    private void Authenticate(HttpRequestMessage message, Dictionary<string, string> form)
    {
        var secret = Options.ClientSecret;
        var method = Options.ClientAuthentication ?? (secret is null ? ClientAuthentication.None : ClientAuthentication.Basic);
        if (method == ClientAuthentication.Basic)
        {
            // RFC 6749, section 2.3.1: both parts are form-encoded before they are joined.
            var pair = WebUtility.UrlEncode(Options.ClientId) + ":" + WebUtility.UrlEncode(secret);
            message.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(pair)));
            return;
        }

        form["client_id"] = Options.ClientId!;
        if (method == ClientAuthentication.Post)
        {
            form["client_secret"] = secret!;
        }
    }
}

using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh.Protocol;

/// <summary>Revokes the tokens of a login that has ended: RFC 7009, or the blacklist view of Simple JWT.</summary>
internal sealed class TokenRevocation(TokenRefreshOptions options, Func<HttpClient> backchannel)
{
    private string Name => EndpointName.Of("the revocation endpoint", options.RevocationEndpoint!);

    /// <returns><see langword="null"/> if no revocation endpoint is set.</returns>
    public static TokenRevocation? For(TokenRefreshOptions options, Func<HttpClient> backchannel) =>
        options.RevocationEndpoint is null ? null : new TokenRevocation(options, backchannel);

    /// <summary>Sends one request. It revokes the refresh token, and with it the login; without one, the access token.</summary>
    /// <param name="tokens">The tokens of the login.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns><see langword="null"/> if the tokens are revoked now; otherwise what went wrong, without any secret.</returns>
    public async Task<string?> RevokeAsync(TokenSet tokens, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, options.RevocationEndpoint);
        if (options.Protocol == TokenEndpointProtocol.SimpleJwt)
        {
            if (tokens.RefreshToken is not { } refreshToken)
            {
                return null;
            }

            message.Content = SimpleJwtTokenEndpoint.Body(refreshToken, options);
        }
        else
        {
            message.Content = Form(message, tokens);
        }

        try
        {
            using var response = await backchannel()
                .SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            return response.IsSuccessStatusCode || await IsEndedAlreadyAsync(response, cancellationToken).ConfigureAwait(false)
                ? null
                : $"{Name} answered {(int)response.StatusCode}.";
        }
        catch (Exception e)
        {
            return e is OperationCanceledException ? $"{Name} gave no response in time." : $"{Name} can't be reached ({e.GetType().Name}).";
        }
    }

    // The blacklist view of Simple JWT rejects a token that has expired or was blacklisted before. RFC 7009, section 2.2, answers 200.
    private async Task<bool> IsEndedAlreadyAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (options.Protocol != TokenEndpointProtocol.SimpleJwt || response.StatusCode != HttpStatusCode.Unauthorized)
        {
            return false;
        }

        using var answer = await TokenResponse.ReadAsync(response, Name, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        return answer.Fields is { } fields && ErrorCodes.FindSimpleJwt(fields).Meaning == ErrorMeaning.LoginEnded;
    }

    private FormUrlEncodedContent Form(HttpRequestMessage message, TokenSet tokens)
    {
        var form = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["token"] = tokens.RefreshToken ?? tokens.AccessToken,
            ["token_type_hint"] = tokens.RefreshToken is null ? "access_token" : "refresh_token",
        };
        OAuthTokenEndpoint.Authenticate(message, form, options);
        return new FormUrlEncodedContent(form);
    }
}

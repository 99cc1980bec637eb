using System.Net;

namespace TokenRefresh.Protocol;

/// <summary>Revokes the tokens of a login that has ended: RFC 7009, or the blacklist view of Simple JWT.</summary>
internal sealed class TokenRevocation(TokenRefreshOptions options, Func<HttpClient> backchannel, Discovery? discovery)
{
    /// <returns><see langword="null"/> if the options name neither a revocation endpoint nor an issuer.</returns>
    public static TokenRevocation? For(TokenRefreshOptions options, Func<HttpClient> backchannel, Discovery? discovery) =>
        options.RevocationEndpoint is null && discovery is null ? null : new TokenRevocation(options, backchannel, discovery);

    /// <summary>Sends one request. It revokes the refresh token, and with it the login; without one, the access token.</summary>
    public async Task<RevocationResult> RevokeAsync(TokenSet tokens, CancellationToken cancellationToken)
    {
        var address = options.RevocationEndpoint;
        if (address is null)
        {
            var discovered = await DiscoverAsync(cancellationToken).ConfigureAwait(false);
            if (discovered.Document is not { } document)
            {
                return RevocationResult.Failed(discovered.Failure!.Description!);
            }

            address = document.RevocationEndpoint;
        }

        // The blacklist view of Simple JWT takes refresh tokens only.
        return address is null || (options.Protocol == TokenEndpointProtocol.SimpleJwt && tokens.RefreshToken is null)
            ? RevocationResult.NotPossible
            : await SendAsync(address, tokens, cancellationToken).ConfigureAwait(false);
    }

    private async Task<DiscoveryResult> DiscoverAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await discovery!.GetAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return TokenEndpointResult.Transient("the discovery document didn't arrive in time.");
        }
    }

    private async Task<RevocationResult> SendAsync(Uri address, TokenSet tokens, CancellationToken cancellationToken)
    {
        var name = "the revocation endpoint " + Origin.WithPath(address);
        using var message = new HttpRequestMessage(HttpMethod.Post, address);
        message.Content = options.Protocol == TokenEndpointProtocol.SimpleJwt
            ? EndpointContent.SimpleJwt(tokens.RefreshToken!, options)
            : Form(message, tokens);
        try
        {
            using var response = await backchannel().SendBackchannelAsync(message, cancellationToken).ConfigureAwait(false);
            return response.IsSuccessStatusCode || await IsEndedAlreadyAsync(response, name, cancellationToken).ConfigureAwait(false)
                ? RevocationResult.Revoked
                : RevocationResult.Failed($"{name} answered {(int)response.StatusCode}.");
        }
        catch (Exception e)
        {
            return RevocationResult.Failed(e switch
            {
                OperationCanceledException => $"{name} gave no response in time.",
                TokenRefreshException own => own.Message,
                _ => $"{name} can't be reached ({e.GetType().Name}).",
            });
        }
    }

    // The blacklist view of Simple JWT rejects a token that has expired or was blacklisted before. RFC 7009, section 2.2, answers 200.
    private async Task<bool> IsEndedAlreadyAsync(HttpResponseMessage response, string name, CancellationToken cancellationToken)
    {
        if (options.Protocol != TokenEndpointProtocol.SimpleJwt || response.StatusCode != HttpStatusCode.Unauthorized)
        {
            return false;
        }

        using var answer = await TokenResponse.ReadAsync(response, name, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        return answer.Fields is { } fields && ErrorCodes.FindSimpleJwt(fields).Meaning == ErrorMeaning.LoginEnded;
    }

    private FormUrlEncodedContent Form(HttpRequestMessage message, TokenSet tokens)
    {
        var form = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["token"] = tokens.RefreshToken ?? tokens.AccessToken,
            ["token_type_hint"] = tokens.RefreshToken is null ? "access_token" : "refresh_token",
        };
        return EndpointContent.Authenticated(message, form, options);
    }
}

/// <summary>The result of a revocation.</summary>
/// <param name="IsRevoked">Whether the server has revoked the tokens.</param>
/// <param name="Failure">What went wrong, without any secret; <see langword="null"/> if nothing did.</param>
internal readonly record struct RevocationResult(bool IsRevoked, string? Failure)
{
    public static RevocationResult Revoked => new(true, null);

    /// <summary>The server has no way to revoke these tokens.</summary>
    public static RevocationResult NotPossible => default;

    public static RevocationResult Failed(string failure) => new(false, failure);
}

using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.BackChannelLogout;

/// <summary>Checks logout tokens by the keys, the issuer and the client of the OpenID Connect schemes.</summary>
internal sealed class LogoutTokenValidator(UserSessionRegistry registry, ProviderKeys keys, TimeProvider time)
{
    private const int MaxTokenLength = 32 * 1024;
    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    // Signatures that only the provider can make. With a shared key, such as the client secret, the app could make them itself.
    private static readonly string[] Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false, MaximumTokenSizeInBytes = MaxTokenLength };

    public async Task<LogoutTokenResult> ValidateAsync(string text, CancellationToken cancellationToken)
    {
        if (text.Length > MaxTokenLength || !TryReadAudiences(text, out var audiences))
        {
            return new LogoutTokenResult.Invalid("it is no JWT");
        }

        LogoutTokenResult result = new LogoutTokenResult.Invalid("its audience isn't a client of this app");
        foreach (var session in registry.All)
        {
            if (session.OpenIdConnectScheme is null
                || !audiences.Contains(session.GetOpenIdConnectOptions().ClientId, StringComparer.Ordinal))
            {
                continue;
            }

            result = await ValidateAsync(text, session, cancellationToken).ConfigureAwait(false);
            if (result is not LogoutTokenResult.Invalid)
            {
                break;
            }
        }

        return result;
    }

    private async Task<LogoutTokenResult> ValidateAsync(string text, UserSession session, CancellationToken cancellationToken)
    {
        var options = session.GetOpenIdConnectOptions();
        OpenIdConnectConfiguration? configuration;
        try
        {
            configuration = options.ConfigurationManager is { } manager
                ? await manager.GetConfigurationAsync(cancellationToken).ConfigureAwait(false)
                : options.Configuration;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return new LogoutTokenResult.Unavailable($"the provider's keys can't be fetched ({e.GetType().Name}).");
        }

        if (configuration is null)
        {
            return new LogoutTokenResult.Invalid("the scheme has no provider");
        }

        var result = await CheckSignatureAsync(text, options, configuration, configuration.SigningKeys).ConfigureAwait(false);
        if (result.Exception is SecurityTokenSignatureKeyNotFoundException
            && await keys.FetchAgainAsync(options, configuration, cancellationToken).ConfigureAwait(false) is { } newKeys)
        {
            result = await CheckSignatureAsync(text, options, configuration, newKeys).ConfigureAwait(false);
        }

        if (!result.IsValid || result.SecurityToken is not JsonWebToken jwt)
        {
            return new LogoutTokenResult.Invalid($"signature, issuer, audience or lifetime is wrong ({result.Exception?.GetType().Name})");
        }

        return LogoutClaims.Read(jwt, options.ClientId!, time.GetUtcNow(), out var token) is { } problem
            ? new LogoutTokenResult.Invalid(problem)
            : new LogoutTokenResult.Valid(session, token!);
    }

    private Task<TokenValidationResult> CheckSignatureAsync(
        string text, OpenIdConnectOptions options, OpenIdConnectConfiguration configuration, IEnumerable<SecurityKey> signingKeys)
    {
        // The scheme's own parameters may be laxer than a logout token allows.
        var parameters = options.TokenValidationParameters.Clone();
        parameters.ValidIssuers = [configuration.Issuer, .. parameters.ValidIssuers ?? []];
        parameters.IssuerSigningKeys = [.. signingKeys, .. parameters.IssuerSigningKeys ?? []];
        parameters.ValidAlgorithms = Algorithms;
        parameters.ValidAudience = options.ClientId;
        parameters.ValidAudiences = null;
        parameters.AudienceValidator = null;
        parameters.AlgorithmValidator = null;

        // Those are for id tokens. LogoutClaims checks the type.
        parameters.ValidTypes = null;
        parameters.TypeValidator = null;
        parameters.SignatureValidator = null;
        parameters.SignatureValidatorUsingConfiguration = null;
        parameters.ValidateIssuer = true;
        parameters.ValidateAudience = true;
        parameters.ValidateLifetime = true;
        parameters.RequireAudience = true;
        parameters.RequireSignedTokens = true;
        parameters.RequireExpirationTime = true;
        parameters.LifetimeValidator = IsAlive;
        return _handler.ValidateTokenAsync(text, parameters);
    }

    private bool IsAlive(DateTime? notBefore, DateTime? expires, SecurityToken token, TokenValidationParameters parameters)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return expires is { } end && now < end + ClockSkew && !(notBefore > now + ClockSkew);
    }

    private bool TryReadAudiences(string text, out string[] audiences)
    {
        audiences = [];
        if (!_handler.CanReadToken(text))
        {
            return false;
        }

        try
        {
            audiences = [.. _handler.ReadJsonWebToken(text).Audiences];
            return true;
        }
        catch (Exception e) when (e is ArgumentException or SecurityTokenException or FormatException or System.Text.Json.JsonException)
        {
            return false;
        }
    }
}

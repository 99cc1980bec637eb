using Microsoft.Extensions.Options;

namespace TokenRefresh.Options;

/// <summary>Finds what is wrong with a session's options, and names the option, the value, the limit and the client.</summary>
internal static class TokenRefreshOptionsValidator
{
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan MaxInteractiveSignIn = TimeSpan.FromHours(1);
    private static readonly TimeSpan LongestIdleTimeout = TimeSpan.FromDays(24);
    private static readonly TimeSpan ShortestRecheck = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRecheck = TimeSpan.FromDays(1);

    private static readonly string[] ProtocolParameters = ["grant_type", "refresh_token", "client_id", "client_secret", "scope", "refresh"];

    public static ValidateOptionsResult Validate(string name, TokenRefreshOptions options, bool hasOwnEndpoint)
    {
        var failures = FindFailures(options, hasOwnEndpoint)
            .Where(failure => failure is not null)
            .Select(failure => $"TokenRefresh client '{name}': {failure}")
            .ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static IEnumerable<string?> FindFailures(TokenRefreshOptions options, bool hasOwnEndpoint) =>
    [
        .. hasOwnEndpoint ? [] : OfEndpoint(options).Concat(OfClient(options)),
        .. OfIssuer(options), .. OfGrant(options), .. OfOrigins(options), .. OfRequests(options), .. OfTimes(options),
    ];

    private static IEnumerable<string?> OfEndpoint(TokenRefreshOptions options) =>
    [
        options.Protocol is not (TokenEndpointProtocol.OAuth or TokenEndpointProtocol.SimpleJwt)
            ? $"Protocol is {(int)options.Protocol}, which isn't defined. Use OAuth or SimpleJwt."
            : null,
        options.TokenEndpoint is null && options.Issuer is null
            ? "TokenEndpoint isn't set. Set it to the absolute URL of the server's token endpoint, or set Issuer if the server publishes a "
                + "discovery document."
            : null,
        OfUrl("TokenEndpoint", options.TokenEndpoint, options),
        options.TokenEndpoint is not null && options.Issuer is not null
            ? "TokenEndpoint and Issuer are both set. Remove TokenEndpoint to use the discovery document, or remove Issuer to use "
                + "TokenEndpoint."
            : null,
        .. options.ExtraParameters.Keys.Intersect(ProtocolParameters, StringComparer.Ordinal)
            .Select(parameter => $"ExtraParameters holds '{parameter}', which the protocol sets itself. Remove it."),
    ];

    private static IEnumerable<string?> OfClient(TokenRefreshOptions options) =>
    [
        options.Protocol == TokenEndpointProtocol.OAuth && string.IsNullOrEmpty(options.ClientId)
            ? "ClientId isn't set. The OAuth protocol needs it, also for a public client. For Django Simple JWT set Protocol to SimpleJwt."
            : null,
        options is { GrantType: TokenGrantType.ClientCredentials, ClientAuthentication: null } && string.IsNullOrEmpty(options.ClientSecret)
            ? "GrantType is ClientCredentials, but ClientSecret isn't set. Set it. With a client certificate (RFC 8705) set "
                + "ClientAuthentication to None instead."
            : null,
        options.ClientAuthentication switch
        {
            null or ClientAuthentication.None => null,
            ClientAuthentication.Basic or ClientAuthentication.Post => string.IsNullOrEmpty(options.ClientSecret)
                ? $"ClientAuthentication is {options.ClientAuthentication}, but ClientSecret isn't set. Set it, or use None."
                : null,
            { } other => $"ClientAuthentication is {(int)other}, which isn't defined. Use Basic, Post or None.",
        },
    ];

    private static IEnumerable<string?> OfIssuer(TokenRefreshOptions options) =>
    [
        options.MetadataAddress is not null && options.Issuer is null
            ? "MetadataAddress is set, but Issuer isn't. The document must name the issuer: set it."
            : null,
        OfUrl("MetadataAddress", options.MetadataAddress, options),
        OfUrl("Issuer", options.Issuer, options) ?? options.Issuer switch
        {
            { } issuer when issuer.AbsolutePath.Contains("/.well-known/") =>
                $"Issuer, {Origin.WithPath(issuer)}, is the URL of a document. Remove /.well-known/ and what follows, or set Issuer to the "
                + "\"issuer\" of the document and MetadataAddress to this URL.",
            { Query.Length: > 0 } issuer =>
                $"Issuer, {Origin.WithPath(issuer)}, has a query (RFC 8414, section 2). Remove it, or set MetadataAddress to the "
                + "document's URL.",
            _ => null,
        },
        options is { Issuer: not null, Protocol: TokenEndpointProtocol.SimpleJwt }
            ? "Issuer is set, but Simple JWT publishes no discovery document. Set TokenEndpoint."
            : null,
    ];

    private static string? OfUrl(string option, Uri? url, TokenRefreshOptions options) => url switch
    {
        null => null,
        { IsAbsoluteUri: false } => $"{option} isn't an absolute URL. Write it with scheme and host, such as "
            + "https://login.example.com/token.",
        _ when !Origin.IsHttp(url) =>
            $"{option}, {Origin.WithPath(url)}, isn't an absolute http or https URL. Write the whole URL, for example "
            + "https://login.example.com/oauth/token.",
        _ when !Origin.MayGetTokens(url, options) && !Origin.IsLookedUp(url) =>
            $"{option}, {Origin.WithPath(url)}, isn't https. Use https, because tokens are sent there. If the server has no https, "
            + $"add {Origin.TextOf(url)} to InsecureOrigins.",
        _ when url.Fragment.Length > 0 || url.UserInfo.Length > 0 =>
            $"{option}, {Origin.WithPath(url)}, has a fragment or a user in it (RFC 6749, section 3.2). Remove it.",
        _ => null,
    };

    private static IEnumerable<string?> OfGrant(TokenRefreshOptions options) =>
    [
        OfUrl("RevocationEndpoint", options.RevocationEndpoint, options),
        .. options.GrantType switch
        {
            TokenGrantType.RefreshToken => [],
            TokenGrantType.ClientCredentials => OfClientCredentials(options),
            _ => [$"GrantType is {(int)options.GrantType}, which isn't defined. Use RefreshToken or ClientCredentials."],
        },
    ];

    private static IEnumerable<string?> OfClientCredentials(TokenRefreshOptions options) =>
    [
        options.Protocol != TokenEndpointProtocol.OAuth
            ? $"GrantType is ClientCredentials, which the protocol {options.Protocol} doesn't have. Use Protocol OAuth."
            : null,
        options.UserKey is not null
            ? "GrantType is ClientCredentials, and UserKey is set: the client's own tokens belong to no user. Remove one of the two."
            : null,
        options.SignInInteractively is not null
            ? "GrantType is ClientCredentials, and SignInInteractively is set: there is no user to ask. Remove one of the two."
            : null,
    ];

    private static IEnumerable<string?> OfOrigins(TokenRefreshOptions options) =>
    [
        .. options.AllowedOrigins.Select(origin => origin switch
        {
            null or { IsAbsoluteUri: false } =>
                "AllowedOrigins holds something that isn't an absolute URL. Write scheme and host, such as https://api.example.com.",
            _ when !Origin.IsHttp(origin) =>
                $"AllowedOrigins holds {Origin.WithPath(origin)}, which isn't an absolute http or https URL. Write scheme and host, for "
                + "example https://api.example.com.",
            _ when !Origin.MayGetTokens(origin, options) && !Origin.IsLookedUp(origin) =>
                $"AllowedOrigins holds {Origin.WithPath(origin)}, which isn't https. Use https, because access tokens are sent there. If "
                + "the server has no https, add it to InsecureOrigins, too. On loopback http is allowed.",
            _ => null,
        }),
        .. options.InsecureOrigins.Select(origin =>
            origin is { IsAbsoluteUri: true } && origin.Scheme == Uri.UriSchemeHttp && origin.Host.Length > 0
                ? null
                : "InsecureOrigins holds something that isn't an absolute http URL. Write scheme and host, such as "
                    + "http://10.0.2.2:8000. There are no wildcards."),
    ];

    private static IEnumerable<string?> OfRequests(TokenRefreshOptions options) =>
    [
        !TokenSyntax.IsScheme(options.Scheme)
            ? "Scheme is no authentication scheme (RFC 9110, section 11.1). Use one word, such as Bearer."
            : null,
        options.MaxReplayBufferSize is < 0 or > int.MaxValue
            ? $"MaxReplayBufferSize is {options.MaxReplayBufferSize}. Use 0 (off) to {int.MaxValue} bytes."
            : null,
        options.ShouldRefresh is not null && options.ShouldRefreshAsync is not null
            ? "ShouldRefresh and ShouldRefreshAsync are both set. Remove one of them."
            : null,
        options.ReLoginResult is not (ReLoginResult.Return401 or ReLoginResult.Throw)
            ? $"ReLoginResult is {(int)options.ReLoginResult}, which isn't defined. Use Return401 or Throw."
            : null,
    ];

    private static IEnumerable<string?> OfTimes(TokenRefreshOptions options) =>
    [
        options.RefreshTimeout <= TimeSpan.Zero || options.RefreshTimeout > LongestTimeout
            ? $"RefreshTimeout is {options.RefreshTimeout}. Use more than zero, and at most {LongestTimeout}."
            : null,
        (options.UserIdleTimeout <= TimeSpan.Zero && options.UserIdleTimeout != Timeout.InfiniteTimeSpan)
            || options.UserIdleTimeout > LongestIdleTimeout
            ? $"UserIdleTimeout is {options.UserIdleTimeout}. Use more than zero, at most {LongestIdleTimeout}, or "
                + "Timeout.InfiniteTimeSpan for never."
            : null,
        options.InteractiveSignInTimeout <= TimeSpan.Zero || options.InteractiveSignInTimeout > MaxInteractiveSignIn
            ? $"InteractiveSignInTimeout is {options.InteractiveSignInTimeout}. "
                + $"Use more than zero, and at most {MaxInteractiveSignIn}."
            : null,
        options.MinRefreshInterval < TimeSpan.Zero
            ? $"MinRefreshInterval is {options.MinRefreshInterval}. Use zero or more."
            : null,
        options.RecheckInterval is { } recheck && recheck != TimeSpan.Zero && (recheck < ShortestRecheck || recheck > LongestRecheck)
            ? $"RecheckInterval is {recheck}. Use null or zero (never), or {ShortestRecheck} to {LongestRecheck}."
            : null,
        options.RefreshWindow < TimeSpan.Zero
            ? $"RefreshWindow is {options.RefreshWindow}. Use zero (no refresh in the background) or more."
            : null,
        options.ExpiryBuffer < TimeSpan.Zero
            ? $"ExpiryBuffer is {options.ExpiryBuffer}. Use zero or more."
            : null,
        options.ExpiryBuffer > options.RefreshWindow && options.RefreshWindow > TimeSpan.Zero
            ? $"ExpiryBuffer, {options.ExpiryBuffer}, is longer than RefreshWindow, {options.RefreshWindow}. A token must be "
                + "refreshed in the background before requests wait for a refresh: make ExpiryBuffer shorter."
            : null,
    ];
}

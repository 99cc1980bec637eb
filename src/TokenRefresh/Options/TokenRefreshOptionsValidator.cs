using Microsoft.Extensions.Options;

namespace TokenRefresh.Options;

/// <summary>Finds what is wrong with a session's options, and names the option, the value, the limit and the client.</summary>
internal static class TokenRefreshOptionsValidator
{
    private static readonly string[] ProtocolParameters = ["grant_type", "refresh_token", "client_id", "client_secret", "scope", "refresh"];

    public static ValidateOptionsResult Validate(string name, TokenRefreshOptions options, bool hasOwnEndpoint)
    {
        var failures = FindFailures(options, hasOwnEndpoint)
            .Select(failure => $"TokenRefresh client '{name}': {failure}")
            .ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static IEnumerable<string> FindFailures(TokenRefreshOptions options, bool hasOwnEndpoint) =>
    [
        .. hasOwnEndpoint ? [] : OfEndpoint(options).Concat(OfClient(options)),
        .. OfIssuer(options), .. OfGrant(options), .. OfOrigins(options), .. OfRequests(options), .. TimeLimits.FindFailures(options),
    ];

    private static IEnumerable<string> OfEndpoint(TokenRefreshOptions options)
    {
        if (options.Protocol is not (TokenEndpointProtocol.OAuth or TokenEndpointProtocol.SimpleJwt))
        {
            yield return $"Protocol is {(int)options.Protocol}, which isn't defined. Use OAuth or SimpleJwt.";
        }

        if (options.TokenEndpoint is null && options.Issuer is null)
        {
            yield return "TokenEndpoint isn't set. Set it to the absolute URL of the server's token endpoint, or set Issuer if the "
                + "server publishes a discovery document.";
        }

        if (options.TokenEndpoint is not null && OfUrl("TokenEndpoint", options.TokenEndpoint, options) is { } failure)
        {
            yield return failure;
        }

        if (options.TokenEndpoint is not null && options.Issuer is not null)
        {
            yield return "TokenEndpoint and Issuer are both set. Remove TokenEndpoint to use the discovery document, or remove Issuer "
                + "to use TokenEndpoint.";
        }

        foreach (var parameter in options.ExtraParameters.Keys.Where(key => Array.IndexOf(ProtocolParameters, key) >= 0))
        {
            yield return $"ExtraParameters holds '{parameter}', which the protocol sets itself. Remove it.";
        }
    }

    private static IEnumerable<string> OfClient(TokenRefreshOptions options)
    {
        if (options.Protocol == TokenEndpointProtocol.OAuth && string.IsNullOrEmpty(options.ClientId))
        {
            yield return "ClientId isn't set. The OAuth protocol needs it, also for a public client. "
                + "For Django Simple JWT set Protocol to SimpleJwt.";
        }

        if (options.GrantType == TokenGrantType.ClientCredentials
            && options.ClientAuthentication is null
            && string.IsNullOrEmpty(options.ClientSecret))
        {
            yield return "GrantType is ClientCredentials, but ClientSecret isn't set. Set it. With a client certificate (RFC 8705) set "
                + "ClientAuthentication to None instead.";
        }

        if (options.ClientAuthentication is ClientAuthentication.Basic or ClientAuthentication.Post
            && string.IsNullOrEmpty(options.ClientSecret))
        {
            yield return $"ClientAuthentication is {options.ClientAuthentication}, but ClientSecret isn't set. Set it, or use None.";
        }

        if (options.ClientAuthentication is { } authentication
            and not (ClientAuthentication.Basic or ClientAuthentication.Post or ClientAuthentication.None))
        {
            yield return $"ClientAuthentication is {(int)authentication}, which isn't defined. Use Basic, Post or None.";
        }
    }

    private static IEnumerable<string> OfIssuer(TokenRefreshOptions options)
    {
        if (options.MetadataAddress is { } metadata)
        {
            if (options.Issuer is null)
            {
                yield return "MetadataAddress is set, but Issuer isn't. The document must name the issuer: set it.";
            }

            if (OfUrl("MetadataAddress", metadata, options) is { } wrong)
            {
                yield return wrong;
            }
        }

        if (options.Issuer is not { } issuer)
        {
            yield break;
        }

        if (OfUrl("Issuer", issuer, options) is { } failure)
        {
            yield return failure;
        }
        else if (issuer.AbsolutePath.Contains("/.well-known/"))
        {
            yield return $"Issuer, {Show(issuer)}, is the URL of a document. Remove /.well-known/ and what follows, or set Issuer to the "
                + "\"issuer\" of the document and MetadataAddress to this URL.";
        }
        else if (issuer.Query.Length > 0)
        {
            yield return $"Issuer, {Show(issuer)}, has a query (RFC 8414, section 2). Remove it, or set MetadataAddress to the document's "
                + "URL.";
        }

        if (options.Protocol == TokenEndpointProtocol.SimpleJwt)
        {
            yield return "Issuer is set, but Simple JWT publishes no discovery document. Set TokenEndpoint.";
        }
    }

    private static string? OfUrl(string option, Uri url, TokenRefreshOptions options) => url switch
    {
        { IsAbsoluteUri: false } => $"{option} isn't an absolute URL. Write it with scheme and host, such as "
            + "https://login.example.com/token.",
        _ when !Origin.IsHttp(url) =>
            $"{option}, {Show(url)}, isn't an absolute http or https URL. Write the whole URL, for example "
            + "https://login.example.com/oauth/token.",
        _ when !Origin.MayGetTokens(url, options) && !Origin.IsLookedUp(url) =>
            $"{option}, {Show(url)}, isn't https. Use https, because tokens are sent there. If the server has no https, "
            + $"add {Origin.TextOf(url)} to InsecureOrigins.",
        _ when url.Fragment.Length > 0 || url.UserInfo.Length > 0 =>
            $"{option}, {Show(url)}, has a fragment or a user in it (RFC 6749, section 3.2). Remove it.",
        _ => null,
    };

    private static IEnumerable<string> OfGrant(TokenRefreshOptions options)
    {
        if (options.RevocationEndpoint is { } revocation && OfUrl("RevocationEndpoint", revocation, options) is { } failure)
        {
            yield return failure;
        }

        if (options.GrantType is not (TokenGrantType.RefreshToken or TokenGrantType.ClientCredentials))
        {
            yield return $"GrantType is {(int)options.GrantType}, which isn't defined. Use RefreshToken or ClientCredentials.";
        }

        if (options.GrantType != TokenGrantType.ClientCredentials)
        {
            yield break;
        }

        if (options.Protocol != TokenEndpointProtocol.OAuth)
        {
            yield return $"GrantType is ClientCredentials, which the protocol {options.Protocol} doesn't have. Use Protocol OAuth.";
        }

        if (options.UserKey is not null)
        {
            yield return "GrantType is ClientCredentials, and UserKey is set: the client's own tokens belong to no user. Remove one of "
                + "the two.";
        }

        if (options.SignInInteractively is not null)
        {
            yield return "GrantType is ClientCredentials, and SignInInteractively is set: there is no user to ask. Remove one of the two.";
        }
    }

    private static IEnumerable<string> OfOrigins(TokenRefreshOptions options)
    {
        foreach (var origin in options.AllowedOrigins)
        {
            if (origin is null || !origin.IsAbsoluteUri)
            {
                yield return "AllowedOrigins holds something that isn't an absolute URL. Write scheme and host, such as "
                    + "https://api.example.com.";
            }
            else if (!Origin.IsHttp(origin))
            {
                yield return $"AllowedOrigins holds {Show(origin)}, which isn't an absolute http or https URL. Write scheme and host, for "
                    + "example https://api.example.com.";
            }
            else if (!Origin.MayGetTokens(origin, options) && !Origin.IsLookedUp(origin))
            {
                yield return $"AllowedOrigins holds {Show(origin)}, which isn't https. Use https, because access tokens are sent there. "
                    + "If the server has no https, add it to InsecureOrigins, too. On loopback http is allowed.";
            }
        }

        foreach (var origin in options.InsecureOrigins)
        {
            if (origin is null || !origin.IsAbsoluteUri || origin.Scheme != Uri.UriSchemeHttp || origin.Host.Length == 0)
            {
                yield return "InsecureOrigins holds something that isn't an absolute http URL. Write scheme and host, such as "
                    + "http://10.0.2.2:8000. There are no wildcards.";
            }
        }
    }

    private static IEnumerable<string> OfRequests(TokenRefreshOptions options)
    {
        if (!TokenSyntax.IsScheme(options.Scheme))
        {
            yield return "Scheme is no authentication scheme (RFC 9110, section 11.1). Use one word, such as Bearer.";
        }

        if (options.MaxReplayBufferSize is < 0 or > int.MaxValue)
        {
            yield return $"MaxReplayBufferSize is {options.MaxReplayBufferSize}. Use 0 (off) to {int.MaxValue} bytes.";
        }

        if (options.ShouldRefresh is not null && options.ShouldRefreshAsync is not null)
        {
            yield return "ShouldRefresh and ShouldRefreshAsync are both set. Remove one of them.";
        }

        if (options.ReLoginResult is not (ReLoginResult.Return401 or ReLoginResult.Throw))
        {
            yield return $"ReLoginResult is {(int)options.ReLoginResult}, which isn't defined. Use Return401 or Throw.";
        }
    }

    // A query or a user name in a URL can be a secret, so neither is shown.
    private static string Show(Uri uri) => uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
}

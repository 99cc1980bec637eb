namespace TokenRefresh.Protocol;

/// <summary>A discovery document, or the result of a token call for which there is none. The refresh token wasn't sent then.</summary>
internal readonly record struct DiscoveryResult(DiscoveryDocument? Document, TokenEndpointResult? Failure)
{
    public static implicit operator DiscoveryResult(DiscoveryDocument document) => new(document, null);

    public static implicit operator DiscoveryResult(TokenEndpointResult failure) => new(null, failure);
}

/// <summary>The endpoints that a server publishes (RFC 8414, section 2; OpenID Connect Discovery 1.0, section 3).</summary>
/// <param name="TokenEndpoint">Where refresh tokens are redeemed.</param>
/// <param name="RevocationEndpoint">Where tokens are revoked; <see langword="null"/> if the server has no such endpoint.</param>
internal sealed record DiscoveryDocument(Uri TokenEndpoint, Uri? RevocationEndpoint)
{
    /// <summary>Where a document may be, in the order in which the places are tried.</summary>
    public static Uri[] AddressesFor(TokenRefreshOptions options)
    {
        if (options.MetadataAddress is { } metadata)
        {
            return [metadata];
        }

        // OpenID Connect appends its path to the issuer; RFC 8414, section 3.1, puts its path between host and issuer path.
        // A path that begins with two slashes would be another host in a relative URL.
        var origin = Origin.TextOf(options.Issuer!);
        var path = options.Issuer!.AbsolutePath.TrimEnd('/');
        return
        [
            new Uri(origin + path + "/.well-known/openid-configuration"),
            new Uri(origin + "/.well-known/oauth-authorization-server" + path),
        ];
    }

    /// <summary>Reads a document and checks it.</summary>
    /// <remarks>The address that service discovery found is <see langword="null"/> if none was looked up.</remarks>
    public static DiscoveryResult Read(TokenFields fields, Uri address, Uri? found, TokenRefreshOptions options)
    {
        var name = "The discovery document " + Origin.WithPath(address);
        if (fields["issuer"] is not { } issuer || !IsIssuer(issuer, options.Issuer!, found))
        {
            return TokenEndpointResult.Misconfigured(
                $"{name} is that of another issuer{Show(fields["issuer"])}. Set Issuer to the value of \"issuer\" in the document, "
                + "character by character.");
        }

        if (fields["token_endpoint"] is not { } token)
        {
            return TokenEndpointResult.Misconfigured($"{name} names no token_endpoint. Set TokenEndpoint instead of Issuer.");
        }

        if (ReadEndpoint(token, found ?? address, options) is not { } tokenEndpoint)
        {
            return TokenEndpointResult.Misconfigured(
                $"{name} names a token_endpoint to which no token may be sent{Show(token)}. It must be an https URL without user and "
                + "fragment. To allow plain http, add its origin to InsecureOrigins.");
        }

        return new DiscoveryDocument(
            tokenEndpoint, fields["revocation_endpoint"] is { } revocation ? ReadEndpoint(revocation, found ?? address, options) : null);
    }

    // RFC 8414, section 3.3. If the address is looked up, the server may publish the address that was found as its issuer.
    private static bool IsIssuer(string issuer, Uri expected, Uri? found)
    {
        var text = WithoutSlash(issuer);
        return text == WithoutSlash(expected.OriginalString)
            || text == WithoutSlash(expected.AbsoluteUri)
            || (found is not null && Origin.IsLookedUp(expected) && text == WithoutSlash(Origin.TextOf(found) + expected.AbsolutePath));
    }

    // What isn't a URL of usual length isn't shown: it is the server's text.
    private static string Show(string? text) =>
        text is { Length: <= 200 } && Uri.TryCreate(text, UriKind.Absolute, out var url) && Origin.IsHttp(url)
            ? ", " + Origin.WithPath(url)
            : "";

    private static string WithoutSlash(string text) => text.Length > 0 && text[text.Length - 1] == '/'
        ? text.Substring(0, text.Length - 1)
        : text;

    // An http endpoint on loopback is accepted only from a document that was fetched on loopback.
    private static Uri? ReadEndpoint(string text, Uri address, TokenRefreshOptions options) =>
        Uri.TryCreate(text, UriKind.Absolute, out var endpoint)
        && endpoint is { Fragment: "", UserInfo: "" }
        && (endpoint.Scheme == Uri.UriSchemeHttps
            || Origin.IsNamedInsecure(endpoint, options)
            || (Origin.IsLocalHttp(endpoint) && Origin.IsLocalHttp(address)))
            ? endpoint
            : null;
}

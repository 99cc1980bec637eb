namespace TokenRefresh;

/// <summary>The origin of an address (RFC 6454): scheme, host and port. Tokens are sent to named origins only.</summary>
internal static class Origin
{
    /// <summary>Scheme, host and port.</summary>
    public static string TextOf(Uri uri) => uri.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped);

    /// <summary>Scheme, host, port and path, for messages and logs: a query or a user in an address can be a secret.</summary>
    public static string WithPath(Uri uri) => uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);

    /// <summary>Whether two addresses have the same origin.</summary>
    public static bool IsSame(Uri? a, Uri? b) =>
        ReferenceEquals(a, b)
        || (a is { IsAbsoluteUri: true } && b is { IsAbsoluteUri: true }
            && a.Port == b.Port
            && a.Scheme.Equals(b.Scheme, StringComparison.OrdinalIgnoreCase)
            && a.IdnHost.Equals(b.IdnHost, StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// The address with the scheme http or https in place of ws or wss. The handshake of a WebSocket is an HTTP request (RFC 6455,
    /// section 4.1), so the same rules apply to it.
    /// </summary>
    public static Uri ToHttp(Uri uri) => uri.Scheme switch
    {
        "ws" => new UriBuilder(uri) { Scheme = Uri.UriSchemeHttp }.Uri,
        "wss" => new UriBuilder(uri) { Scheme = Uri.UriSchemeHttps }.Uri,
        _ => uri,
    };

    /// <summary>Whether the traffic is encrypted (https) or doesn't leave the machine (http to loopback).</summary>
    public static bool IsSecure(Uri uri) => uri.Scheme == Uri.UriSchemeHttps || IsLocalHttp(uri);

    /// <summary>Whether this is http that doesn't leave the machine.</summary>
    public static bool IsLocalHttp(Uri uri) => uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback;

    /// <summary>Whether the app named the origin of this http address in <see cref="TokenRefreshOptions.InsecureOrigins"/>.</summary>
    public static bool IsNamedInsecure(Uri uri, TokenRefreshOptions options) =>
        ToHttp(uri) is { Scheme: "http" } address && options.InsecureOrigins.Any(origin => IsSame(origin, address));

    /// <summary>
    /// The same for the name of a service. A service that is named there as <c>http://api</c> may be looked up as <c>https+http://api</c>,
    /// too.
    /// </summary>
    public static bool IsNamedInsecureService(Uri name, TokenRefreshOptions options) =>
        IsNamedInsecure(name, options) || (IsSchemeChoice(name) && options.InsecureOrigins.Any(origin => IsSameService(origin, name)));

    /// <summary>Whether a token may be sent to this address.</summary>
    public static bool MayGetTokens(Uri uri, TokenRefreshOptions options) => IsSecure(ToHttp(uri)) || IsNamedInsecure(uri, options);

    /// <summary>
    /// Whether service discovery looks this address up before a request is sent: the scheme is a choice such as <c>https+http</c>, or the
    /// host is a service's name: one label, as in <c>http://api</c>, or with an endpoint's name before it, as in <c>https://_admin.api</c>.
    /// </summary>
    public static bool IsLookedUp(Uri uri) =>
        IsHttp(uri) && (IsSchemeChoice(uri) || IsServiceName(uri));

    /// <summary>
    /// Whether requests can be sent to this address, if necessary after it is looked up. They can't be sent to a path alone: on Unix
    /// <c>/oauth/token</c> is an absolute file URL. <c>https+http:api</c> has no host.
    /// </summary>
    public static bool IsHttp(Uri uri) =>
        uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp || (IsSchemeChoice(uri) && uri.Host.Length > 0);

    /// <summary>Whether the scheme is a choice that only service discovery understands.</summary>
    public static bool IsSchemeChoice(Uri uri) => uri.Scheme is "https+http" or "http+https";

    // A scheme that is a choice has no default port.
    private static bool IsSameService(Uri origin, Uri choice) =>
        origin.IdnHost.Equals(choice.IdnHost, StringComparison.OrdinalIgnoreCase)
        && (choice.Port < 0 ? origin.IsDefaultPort : choice.Port == origin.Port);

    private static bool IsServiceName(Uri uri) =>
        !uri.IsLoopback
        && uri.HostNameType is not (UriHostNameType.IPv4 or UriHostNameType.IPv6)
        && (uri.Host.IndexOf('.') < 0 || uri.Host[0] == '_');
}

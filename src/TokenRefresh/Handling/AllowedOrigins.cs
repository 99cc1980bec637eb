namespace TokenRefresh.Handling;

/// <summary>The origins that get the access token (RFC 6454): scheme, host and port. The rest of a URL doesn't count.</summary>
internal sealed class AllowedOrigins
{
    private readonly TokenRefreshOptions _options;
    private readonly Uri[] _origins;
    private readonly string[] _prefixes;

    public AllowedOrigins(TokenRefreshOptions options, IEnumerable<Uri> origins)
    {
        _options = options;
        _origins = origins.Select(Origin.ToHttp).ToArray();

        // The slash ends the authority, so a prefix can't match a longer host name or a user name.
        _prefixes = Array.ConvertAll(_origins, origin => Origin.TextOf(origin) + "/");
        AreLookedUp = _origins.Any(Origin.IsLookedUp);
    }

    /// <summary>Whether service discovery may look up one of the origins.</summary>
    public bool AreLookedUp { get; }

    /// <summary>The origins that the option names. If there are none, the origin of the client's base address.</summary>
    /// <exception cref="TokenRefreshException">No origin is set, or the base address isn't secure.</exception>
    public static AllowedOrigins For(TokenRefreshOptions options, Uri? baseAddress, string client)
    {
        if (options.AllowedOrigins.Count > 0)
        {
            return new AllowedOrigins(options, options.AllowedOrigins);
        }

        if (baseAddress is null)
        {
            return options.IsAllowedOrigin is not null
                ? new AllowedOrigins(options, [])
                : throw Misconfigured(
                    $"The client '{client}' doesn't know which server may get its access token. Set the option AllowedOrigins, for "
                    + "example to https://api.example.com, or a BaseAddress where the named client is registered.");
        }

        return Origin.MayGetTokens(baseAddress, options) || Origin.IsLookedUp(baseAddress)
            ? new AllowedOrigins(options, [baseAddress])
            : throw Misconfigured(
                $"The base address of the client '{client}', {Origin.TextOf(baseAddress)}, isn't https, "
                + "so no access token is sent there. Use https; http is allowed on loopback only. "
                + "To allow this origin, add it to InsecureOrigins.");
    }

    /// <summary>The origins that the option names. Without dependency injection a session has no registered client.</summary>
    /// <exception cref="TokenRefreshException">No origin is set.</exception>
    public static AllowedOrigins ForSession(TokenRefreshOptions options, string session) =>
        options.AllowedOrigins.Count > 0 || options.IsAllowedOrigin is not null
            ? new AllowedOrigins(options, options.AllowedOrigins)
            : throw Misconfigured(
                $"The session '{session}' doesn't know which server may get its access token. Set the option AllowedOrigins, for example "
                + "to https://api.example.com. The BaseAddress of an HttpClient isn't used.");

    /// <summary>Whether the origin of this address is allowed.</summary>
    public bool Contains(Uri? uri) => uri is { IsAbsoluteUri: true }
        && Origin.ToHttp(uri) is var address
        && (HasUsualSpelling(address) || IsNamed(address) || IsAllowedByApp(address));

    /// <inheritdoc/>
    public override string ToString() =>
        (_origins.Length == 0 ? "none" : string.Join(", ", _origins.Select(Origin.TextOf).Distinct(StringComparer.Ordinal)))
        + (_options.IsAllowedOrigin is null ? "" : ", or allow it by IsAllowedOrigin, which isn't called for plain http");

    // The usual spelling needs no parsing and no allocation.
    private bool HasUsualSpelling(Uri uri)
    {
        var text = uri.OriginalString;
        foreach (var prefix in _prefixes)
        {
            if (text.StartsWith(prefix, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private bool IsNamed(Uri uri) => Array.Exists(_origins, origin => Origin.IsSame(origin, uri));

    private bool IsAllowedByApp(Uri uri) =>
        _options.IsAllowedOrigin is { } isAllowed && Origin.MayGetTokens(uri, _options) && isAllowed(uri);

    private static TokenRefreshException Misconfigured(string message) => new(TokenRefreshFailure.Configuration, message);
}

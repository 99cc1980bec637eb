using System;
using System.Collections.Generic;
using System.Linq;

namespace TokenRefresh.Handling;

/// <summary>The origins that get the access token (RFC 6454): scheme, host and port. The rest of a URL doesn't count.</summary>
internal sealed class AllowedOrigins
{
    private readonly Uri[] _origins;
    private readonly string[] _prefixes;

    public AllowedOrigins(IEnumerable<Uri> origins)
    {
        _origins = origins.ToArray();

        // The slash ends the authority: neither a longer host name nor a user name can follow.
        _prefixes = Array.ConvertAll(_origins, origin => OriginOf(origin) + "/");
    }

    /// <summary>The origins that the option names, else that of the client's base address.</summary>
    /// <param name="options">The session's options.</param>
    /// <param name="baseAddress">The base address that the client's registration sets.</param>
    /// <param name="client">The client's name, for the error message.</param>
    /// <exception cref="TokenRefreshException">No origin is set, or the base address isn't secure.</exception>
    public static AllowedOrigins For(TokenRefreshOptions options, Uri? baseAddress, string client)
    {
        if (options.AllowedOrigins.Count > 0)
        {
            return new AllowedOrigins(options.AllowedOrigins);
        }

        if (baseAddress is null)
        {
            throw Misconfigured(
                $"The client '{client}' doesn't know which server may get its access token. Set the option AllowedOrigins, for example to "
                + "https://api.example.com, or a BaseAddress where the named client is registered.");
        }

        return IsSecure(baseAddress)
            ? new AllowedOrigins([baseAddress])
            : throw Misconfigured(
                $"The base address of the client '{client}', {OriginOf(baseAddress)}, isn't https, "
                + "so no access token is sent there. Use https; http is allowed on loopback only.");
    }

    /// <summary>Whether the origin of this address is allowed.</summary>
    public bool Contains(Uri? uri)
    {
        if (uri is null || !uri.IsAbsoluteUri)
        {
            return false;
        }

        // The usual spelling needs no parsing and no allocation.
        var text = uri.OriginalString;
        foreach (var prefix in _prefixes)
        {
            if (text.StartsWith(prefix, StringComparison.Ordinal))
            {
                return true;
            }
        }

        foreach (var origin in _origins)
        {
            if (IsSame(origin, uri))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether two addresses have the same origin.</summary>
    public static bool IsSame(Uri? a, Uri? b) =>
        ReferenceEquals(a, b)
        || (a is { IsAbsoluteUri: true } && b is { IsAbsoluteUri: true }
            && a.Port == b.Port
            && a.Scheme.Equals(b.Scheme, StringComparison.OrdinalIgnoreCase)
            && a.IdnHost.Equals(b.IdnHost, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether the traffic is encrypted (https) or doesn't leave the machine (http to loopback).</summary>
    public static bool IsSecure(Uri uri) => uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback);

    /// <summary>Scheme, host and port: what messages may show of an address.</summary>
    public static string OriginOf(Uri uri) => uri.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped);

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", _origins.Select(OriginOf).Distinct(StringComparer.Ordinal));

    private static TokenRefreshException Misconfigured(string message) => new(TokenRefreshFailure.Configuration, message);
}

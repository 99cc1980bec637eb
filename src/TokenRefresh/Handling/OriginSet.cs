using System;
using System.Collections.Generic;
using System.Linq;

namespace TokenRefresh.Handling;

/// <summary>The origins that get the token (RFC 6454): scheme, host and port, nothing else of a URL.</summary>
internal sealed class OriginSet
{
    private readonly Uri[] _origins;
    private readonly string[] _prefixes;

    public OriginSet(IEnumerable<Uri> origins)
    {
        _origins = origins.ToArray();

        // With the slash that ends the authority nothing can follow that changes the host: neither a longer name nor a user's.
        _prefixes = Array.ConvertAll(_origins, origin => origin.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped) + "/");
    }

    public bool Contains(Uri? uri)
    {
        if (uri is null || !uri.IsAbsoluteUri)
        {
            return false;
        }

        // The text as it is spelled by nearly everybody: no parsing, no allocation.
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

    public static bool IsSame(Uri? a, Uri? b) =>
        ReferenceEquals(a, b)
        || (a is { IsAbsoluteUri: true } && b is { IsAbsoluteUri: true }
            && a.Port == b.Port
            && a.Scheme.Equals(b.Scheme, StringComparison.OrdinalIgnoreCase)
            && a.IdnHost.Equals(b.IdnHost, StringComparison.OrdinalIgnoreCase));

    /// <summary>https, or http that doesn't leave the machine.</summary>
    public static bool IsSecure(Uri uri) => uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback);
}

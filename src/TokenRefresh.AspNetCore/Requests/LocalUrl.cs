using Microsoft.AspNetCore.Http;

namespace TokenRefresh.AspNetCore.Requests;

/// <summary>Checks whether a URL is that of a page of this app. A redirect to any other URL would be an open redirect.</summary>
internal static class LocalUrl
{
    // Browsers read "//host", "/\host" and, after removing control characters, "/<tab>/host" as another host.
    // A browser percent-encodes all other characters, and a Location header can't hold them.
    public static bool IsLocal(string? url) =>
        url is ['/', ..] and not ['/', '/' or '\\', ..] && url.All(c => c is > ' ' and <= '~');

    /// <summary>The URL, or the home page if it isn't local.</summary>
    public static string OrHome(string? url, HttpRequest request) => IsLocal(url) ? url! : $"{request.PathBase}/";
}

namespace TokenRefresh.AspNetCore.SignOut;

/// <summary>Whether a URL leads to a page of this app. Any other would be an open redirect.</summary>
internal static class LocalUrl
{
    // Browsers read "//host", "/\host" and, after removing control characters, "/<tab>/host" as another host.
    public static bool IsLocal(string? url) =>
        url is ['/', ..] and not ['/', '/' or '\\', ..] && !url.Any(char.IsControl);
}

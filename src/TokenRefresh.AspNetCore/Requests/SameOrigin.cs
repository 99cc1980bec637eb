using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using TokenRefresh.AspNetCore.Diagnostics;

namespace TokenRefresh.AspNetCore.Requests;

/// <summary>
/// Checks that a request that changes state comes from the app's own pages, and not from another site with the user's cookie.
/// </summary>
internal static class SameOrigin
{
    private const string SecFetchSite = "Sec-Fetch-Site";

    /// <summary>Whether a browser sent the request. Servers send no fetch metadata.</summary>
    public static bool IsFromBrowser(HttpRequest request) => request.Headers.ContainsKey(SecFetchSite);

    /// <summary>
    /// Whether the browser says that the request is same-origin. If it sends no fetch metadata, the request must have something that
    /// another site's page can't send: the app's origin, an antiforgery token, or a header that only a script of the same origin may set.
    /// The handshake of a WebSocket must have the app's origin then.
    /// </summary>
    public static async ValueTask<bool> IsSatisfiedAsync(HttpContext context)
    {
        switch (Ask(context))
        {
            case Answer.SameOrigin:
                return true;
            case Answer.OtherSite:
                return Refuse(context, "it comes from another site");
        }

        return context.Request.Headers.ContainsKey(HeaderNames.XRequestedWith)
            || await HasAntiforgeryTokenAsync(context).ConfigureAwait(false)
            || Refuse(context, "it has no header Sec-Fetch-Site or X-Requested-With, no antiforgery token, and not the app's Origin");
    }

    private static async ValueTask<bool> HasAntiforgeryTokenAsync(HttpContext context)
    {
        try
        {
            var antiforgery = context.RequestServices.GetRequiredService<IAntiforgery>();
            return await antiforgery.IsRequestValidAsync(context).ConfigureAwait(false);
        }
        catch (Exception e) when (e is AntiforgeryValidationException or InvalidDataException or IOException)
        {
            // The form can't be read.
            return false;
        }
    }

    private static Answer Ask(HttpContext context)
    {
        // A page can't set or remove this header. "none" means that no page made the request; a form of another site never has it.
        var site = context.Request.Headers[SecFetchSite];
        if (site.Count > 0)
        {
            return site == "none" ? Answer.Unknown : site == "same-origin" ? Answer.SameOrigin : Answer.OtherSite;
        }

        var request = context.Request;
        if (RequestKind.IsHandshake(request))
        {
            return IsOriginOfHost(request) ? Answer.SameOrigin : Answer.OtherSite;
        }

        // Without TLS, browsers send fetch metadata to localhost only. They send the origin with each POST. Behind a proxy that changes
        // scheme or host the app may not know its own origin.
        return request.Headers.Origin == $"{request.Scheme}://{request.Host}" ? Answer.SameOrigin : Answer.Unknown;
    }

    // Chromium sends no fetch metadata with a handshake. All browsers send the page's origin, and a page can't change it. A client that
    // sends no origin runs no pages. The scheme isn't compared, because a proxy may end TLS.
    private static bool IsOriginOfHost(HttpRequest request)
    {
        var origin = request.Headers.Origin;
        return origin.Count == 0
            || (Uri.TryCreate(origin, UriKind.Absolute, out var page)
                && page.Host.Equals(request.Host.Host, StringComparison.OrdinalIgnoreCase)
                && (request.Host.Port is { } port ? port == page.Port : page.IsDefaultPort));
    }

    private static bool Refuse(HttpContext context, string reason)
    {
        var logger = context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(SameOrigin));
        var path = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;
        Log.CrossSiteRequest(logger, path ?? "", reason);
        return false;
    }

    private enum Answer
    {
        Unknown,
        SameOrigin,
        OtherSite,
    }
}

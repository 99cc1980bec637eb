using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace TokenRefresh.AspNetCore.Requests;

/// <summary>
/// Decides whether the browser requests a page, or a script requests data. A script can't follow a redirect to a login page.
/// </summary>
internal static class RequestKind
{
    private const string Navigate = "navigate";
    private const string SecFetchMode = "Sec-Fetch-Mode";

    public static bool IsPage(HttpRequest request)
    {
        var mode = request.Headers[SecFetchMode];
        if (mode.Count > 0)
        {
            return mode == Navigate;
        }

        if (request.Headers[HeaderNames.XRequestedWith] == "XMLHttpRequest" || IsHandshake(request))
        {
            return false;
        }

        // A browser attaches no bearer token when it navigates.
        if (request.Headers.Authorization.ToString().StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        // Browsers without fetch metadata ask for text/html when they navigate, and for */* when a script fetches. Without that
        // header only a GET or a form can be a navigation. Clients of gRPC and of JSON send neither.
        var accept = request.Headers[HeaderNames.Accept].ToString();
        return accept.Length == 0
            ? HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || request.HasFormContentType
            : accept.Contains("text/html", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>
    /// Whether this is the handshake of a WebSocket: a GET with an upgrade or, over HTTP/2, an extended CONNECT. A hub or a reverse proxy
    /// handles it in the endpoint itself, so the platform's feature isn't there yet. As the platform does, it accepts a list of protocols.
    /// </summary>
    public static bool IsHandshake(HttpRequest request) =>
        request.Headers.GetCommaSeparatedValues(HeaderNames.Upgrade).Contains("websocket", StringComparer.OrdinalIgnoreCase)
        || request.HttpContext.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true };
}

using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;
using TokenRefresh.Refreshing;

namespace TokenRefresh.Handling;

/// <summary>
/// Logs the decisions about a request that a user may ask about. A line has the method and the origin of the request, never its path,
/// query, token or user.
/// </summary>
internal static class RequestLog
{
    /// <summary>The request is sent without this session's token, for a reason that is written as the end of a sentence.</summary>
    public static void NoTokenSent(SessionServices services, HttpRequestMessage request, string reason)
    {
        if (services.Logger.IsEnabled(LogLevel.Debug))
        {
            SessionLog.NoTokenSent(services.Logger, services.Name, request.Method.Method, OriginOf(request.RequestUri), reason);
        }
    }

    /// <summary>
    /// The caller gets the rejection of its request. The address is the one it was sent to: a redirect may have changed the request's own.
    /// </summary>
    public static void RejectionReturned(SessionServices services, HttpRequestMessage request, Uri address, string reason)
    {
        if (services.Logger.IsEnabled(LogLevel.Debug))
        {
            SessionLog.RejectionReturned(services.Logger, services.Name, request.Method.Method, OriginOf(address), reason);
        }
    }

    /// <summary>The caller cancelled its request while it waited for a refresh.</summary>
    public static void WaitCancelled(SessionServices services, HttpRequestMessage request) => SessionLog.WaitCancelled(
        services.Logger, services.Name, request.Method.Method, OriginOf(request.RequestUri), services.Options.RefreshTimeout);

    /// <summary>The API rejected a token that had just been refreshed.</summary>
    public static void RefreshedTokenRejected(SessionServices services, HttpRequestMessage request, Uri address) =>
        SessionLog.RefreshedTokenRejected(services.Logger, services.Name, request.Method.Method, OriginOf(address));

    /// <summary>Service discovery found an address that gets no token.</summary>
    public static void InsecureAddress(SessionServices services, Uri address) =>
        SessionLog.InsecureAddress(services.Logger, services.Name, OriginOf(address));

    private static string OriginOf(Uri? address) =>
        address is { IsAbsoluteUri: true } ? Origin.TextOf(address) : "a relative address";
}

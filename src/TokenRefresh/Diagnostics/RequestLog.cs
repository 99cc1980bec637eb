using Microsoft.Extensions.Logging;

namespace TokenRefresh.Diagnostics;

/// <summary>
/// Logs the decisions about a request that a user may ask about. A line has the method and the origin of the request, never its path,
/// query, token or user.
/// </summary>
internal static class RequestLog
{
    /// <summary>The request is sent without this session's token, for a reason that is written as the end of a sentence.</summary>
    public static void NoTokenSent(ILogger logger, string session, HttpRequestMessage request, string reason)
    {
        if (logger.IsEnabled(LogLevel.Debug))
        {
            SessionLog.NoTokenSent(logger, session, request.Method.Method, OriginOf(request.RequestUri), reason);
        }
    }

    public static void SignedOut(ILogger logger, string session, HttpRequestMessage request, string? userKey) => NoTokenSent(
        logger,
        session,
        request,
        userKey is null
            ? "no user is signed in. Call SignInAsync first."
            : "no user is signed in under the request's user key. Call SignInAsync first.");

    /// <summary>
    /// The caller gets the rejection of its request. The address is the one it was sent to: a redirect may have changed the request's own.
    /// </summary>
    public static void RejectionReturned(ILogger logger, string session, HttpRequestMessage request, Uri? address, string reason)
    {
        if (logger.IsEnabled(LogLevel.Debug))
        {
            SessionLog.RejectionReturned(logger, session, request.Method.Method, OriginOf(address), reason);
        }
    }

    /// <summary>The caller cancelled its request while it waited for a refresh.</summary>
    public static void WaitCancelled(ILogger logger, string session, HttpRequestMessage request, TimeSpan refreshTimeout) =>
        SessionLog.WaitCancelled(logger, session, request.Method.Method, OriginOf(request.RequestUri), refreshTimeout);

    /// <summary>The API rejected a token that had just been refreshed.</summary>
    public static void RefreshedTokenRejected(ILogger logger, string session, HttpRequestMessage request, Uri? address) =>
        SessionLog.RefreshedTokenRejected(logger, session, request.Method.Method, OriginOf(address));

    /// <summary>Service discovery found an address that gets no token.</summary>
    public static void InsecureAddress(ILogger logger, string session, Uri address) =>
        SessionLog.InsecureAddress(logger, session, OriginOf(address));

    private static string OriginOf(Uri? address) =>
        address is { IsAbsoluteUri: true } ? Origin.TextOf(address) : "a relative address";
}

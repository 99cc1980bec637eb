using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;

namespace TokenRefresh.Protocol;

/// <summary>Decides what an exception of a token call means: whether the refresh token was sent, and whether a response was lost.</summary>
internal static class EndpointExceptionClassifier
{
    /// <summary>
    /// Classifies an exception of a call whose request was sent, or of an endpoint that doesn't say whether it was: only the exception
    /// shows it.
    /// </summary>
    public static TokenEndpointResult Classify(Exception exception, string endpoint = "the token endpoint") => exception switch
    {
        _ when FindUnsent(exception, endpoint) is { } result => result,
        HttpRequestException http when IsBeforeSending(http) => Unreachable(exception, endpoint),
        HttpRequestException http when IsRefused(http) => TokenEndpointResult.Transient(
            $"{endpoint} refused the request without processing it. It may be overloaded or stopping.", exception: http),

#if NET8_0_OR_GREATER
        // An endpoint of the app's own that calls EnsureSuccessStatusCode: the response has arrived.
        HttpRequestException { StatusCode: { } status } => TokenEndpointResult.Transient(
            $"{endpoint} answered {(int)status}, which was thrown as an exception. Return a TokenEndpointResult for it, such as Rejected "
            + "for a dead refresh token."),
#endif

        // Only the kind of the exception is passed on. .NET quotes a response that it can't parse, and it may contain a token.
        HttpRequestException or IOException =>
            TokenEndpointResult.ResponseLost($"the connection to {endpoint} broke after sending ({Kind(exception)})."),
        OperationCanceledException or TimeoutException => TokenEndpointResult.TimedOut($"{endpoint} gave no response in time."),
        _ => TokenEndpointResult.TimedOut($"the call of {endpoint} failed with {exception.GetType().Name}."),
    };

    /// <summary>Classifies an exception of a call whose request wasn't sent.</summary>
    public static TokenEndpointResult ClassifyUnsent(Exception exception, string endpoint) =>
        FindUnsent(exception, endpoint) ?? Unreachable(exception, endpoint);

    /// <summary>
    /// Whether .NET's text may have the address of a proxy as it was set, with its password. Before .NET 8 only the missing inner exception
    /// tells such a text apart.
    /// </summary>
    public static bool MayNameProxy(Exception exception) =>
#if NET8_0_OR_GREATER
        exception is HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError };
#else
        exception is HttpRequestException { InnerException: null };
#endif

    // Exceptions that show by themselves that nothing was sent.
    private static TokenEndpointResult? FindUnsent(Exception exception, string endpoint) => exception switch
    {
        TokenRefreshException { Failure: TokenRefreshFailure.Configuration } own =>
            TokenEndpointResult.Misconfigured(own.Message, own.Error),

        // The token request needs a token of another session, and that session had none.
        TokenRefreshException other => TokenEndpointResult.Transient(other.Message, other.Error, other.RetryAfter),
        HttpRequestException http when http.FindInner<AuthenticationException>() is not null
            || http.InnerException is WebException { Status: WebExceptionStatus.TrustFailure } =>
            TokenEndpointResult.Misconfigured(
                $"the TLS connection to {endpoint} was rejected. Check its certificate, and the client certificate if there is one.",
                exception: exception),
        _ => null,
    };

    private static TokenEndpointResult Unreachable(Exception exception, string endpoint) => TokenEndpointResult.Transient(
        $"{endpoint} can't be reached ({Kind(exception)}). Check the network, the proxy and the URL.",
        exception: exception as HttpRequestException);

    private static string Kind(Exception exception) => exception switch
    {
        _ when exception.FindInner<SocketException>() is { } socket => socket.SocketErrorCode.ToString(),
        _ when exception.FindInner<TimeoutException>() is not null => "connect timeout",
#if NET8_0_OR_GREATER
        HttpRequestException http => http.HttpRequestError.ToString(),
#endif
        _ => exception.GetType().Name,
    };

    private static bool IsBeforeSending(HttpRequestException exception)
    {
#if NET8_0_OR_GREATER
        return exception.HttpRequestError is HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError
            or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError;
#else
        return exception.InnerException switch
        {
            SocketException => true,
            WebException web => web.Status is WebExceptionStatus.NameResolutionFailure or WebExceptionStatus.ConnectFailure
                or WebExceptionStatus.ProxyNameResolutionFailure or WebExceptionStatus.SecureChannelFailure,
            _ => false,
        };
#endif
    }

    // REFUSED_STREAM (RFC 9113, section 8.7) and H3_REQUEST_REJECTED (RFC 9114, section 4.1.1).
    private static bool IsRefused(HttpRequestException exception) =>
#if NET8_0_OR_GREATER
        exception.InnerException is HttpProtocolException { ErrorCode: 7 or 0x10B };
#else
        false;
#endif
}

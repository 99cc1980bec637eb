using System;
using System.IO;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Security.Authentication;

namespace TokenRefresh.Protocol;

/// <summary>What an exception of a token call means: did the refresh token get there, and is there an answer on its way back?</summary>
internal static class EndpointExceptionClassifier
{
    public static TokenEndpointResult Classify(Exception exception) => exception switch
    {
        TokenRefreshException { Failure: TokenRefreshFailure.Configuration } own => TokenEndpointResult.Misconfigured(own.Message, own.Error),

        // Another session's, for an endpoint that is itself guarded: that one had no token, so nothing was sent.
        TokenRefreshException other => TokenEndpointResult.Transient(other.Message, other.Error, other.RetryAfter),
        HttpRequestException http => FromHttp(http),
        IOException => ConnectionLost(exception),
        OperationCanceledException or TimeoutException => TokenEndpointResult.TimedOut("it gave no answer in time."),
        _ => TokenEndpointResult.TimedOut($"the call failed with {exception.GetType().Name}."),
    };

    private static TokenEndpointResult FromHttp(HttpRequestException exception)
    {
        if (Find<AuthenticationException>(exception) is not null || IsTrustFailure(exception))
        {
            return TokenEndpointResult.Misconfigured("the token endpoint's certificate or TLS set-up was rejected.", exception: exception);
        }

        return IsBeforeSending(exception)
            ? TokenEndpointResult.Transient("it can't be reached.", exception: exception)
            : ConnectionLost(exception);
    }

    // Only the kind goes on: of an answer that it can't read, the platform quotes the line, and a token may stand in it.
    private static TokenEndpointResult ConnectionLost(Exception exception) => TokenEndpointResult.ResponseLost($"the connection was cut ({Kind(exception)}).");

    private static string Kind(Exception exception) => exception switch
    {
        _ when Find<SocketException>(exception) is { } socket => socket.SocketErrorCode.ToString(),
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

    private static bool IsTrustFailure(HttpRequestException exception) =>
        exception.InnerException is WebException { Status: WebExceptionStatus.TrustFailure };

    private static T? Find<T>(Exception? exception)
        where T : Exception
    {
        while (exception is not (null or T))
        {
            exception = exception.InnerException;
        }

        return exception as T;
    }
}

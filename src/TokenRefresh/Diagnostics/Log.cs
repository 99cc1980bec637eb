using Microsoft.Extensions.Logging;

namespace TokenRefresh.Diagnostics;

/// <summary>Log messages about requests, with ids from 101. None holds a secret or a user.</summary>
internal static partial class Log
{
    [LoggerMessage(101, LogLevel.Debug, "Session '{Session}': no token sent with {Method} {Origin}: {Reason}", EventName = "NoTokenSent")]
    public static partial void NoTokenSent(ILogger logger, string session, string method, string origin, string reason);

    [LoggerMessage(102, LogLevel.Debug, "Session '{Session}': {Method} {Origin} was rejected, and the caller gets the response: {Reason}", EventName = "RejectionReturned")]
    public static partial void RejectionReturned(ILogger logger, string session, string method, string origin, string reason);

    [LoggerMessage(103, LogLevel.Warning, "Session '{Session}': {Method} {Origin} rejected an access token that had just been refreshed. Refreshing again wouldn't help: check the token's audience, scope and issuer. Said at most once a minute.", EventName = "RefreshedTokenRejected")]
    public static partial void RefreshedTokenRejected(ILogger logger, string session, string method, string origin);
}

using Microsoft.Extensions.Logging;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Diagnostics;

/// <summary>Every log message of the library. 1xx: requests, 2xx: flights, 3xx: the token endpoint, 4xx: the store. None holds a secret or a user.</summary>
internal static partial class Log
{
    [LoggerMessage(101, LogLevel.Debug, "Session '{Session}': no token sent with {Method} {Origin}: {Reason}", EventName = "NoTokenSent")]
    public static partial void NoTokenSent(ILogger logger, string session, string method, string origin, string reason);

    [LoggerMessage(102, LogLevel.Debug, "Session '{Session}': {Method} {Origin} was rejected, and the caller gets the response: {Reason}", EventName = "RejectionReturned")]
    public static partial void RejectionReturned(ILogger logger, string session, string method, string origin, string reason);

    [LoggerMessage(103, LogLevel.Warning, "Session '{Session}': {Method} {Origin} rejected an access token that had just been refreshed. Refreshing again wouldn't help: check the token's audience, scope and issuer. Said at most once a minute.", EventName = "RefreshedTokenRejected")]
    public static partial void RefreshedTokenRejected(ILogger logger, string session, string method, string origin);

    [LoggerMessage(201, LogLevel.Information, "Session '{Session}': signed in.", EventName = "SignedIn")]
    public static partial void SignedIn(ILogger logger, string session);

    [LoggerMessage(202, LogLevel.Information, "Session '{Session}': signed out.", EventName = "SignedOut")]
    public static partial void SignedOut(ILogger logger, string session);

    [LoggerMessage(203, LogLevel.Information, "Session '{Session}': tokens refreshed ({Cause}).", EventName = "Refreshed")]
    public static partial void Refreshed(ILogger logger, string session, FlightCause cause);

    [LoggerMessage(204, LogLevel.Information, "Session '{Session}': newer tokens found in the store; no refresh was needed.", EventName = "Adopted")]
    public static partial void Adopted(ILogger logger, string session);

    [LoggerMessage(205, LogLevel.Debug, "Session '{Session}': another process is refreshing; waiting for it.", EventName = "Following")]
    public static partial void Following(ILogger logger, string session);

    [LoggerMessage(206, LogLevel.Warning, "Session '{Session}': the login is dead ({Reason}, error {Error}); the user must sign in again.", EventName = "ReLoginRequired")]
    public static partial void ReLoginRequired(ILogger logger, string session, ReLoginReason reason, string? error);

    [LoggerMessage(207, LogLevel.Error, "Session '{Session}': a subscriber threw {Exception}.", EventName = "SubscriberThrew")]
    public static partial void SubscriberThrew(ILogger logger, string session, string exception);

    [LoggerMessage(208, LogLevel.Error, "Session '{Session}': the refresh broke off with {Exception}.", EventName = "FlightBroke")]
    public static partial void FlightBroke(ILogger logger, string session, string exception);

    [LoggerMessage(209, LogLevel.Information, "Session '{Session}': the login is dead ({Reason}); the user is asked to log in.", EventName = "AskingUser")]
    public static partial void AskingUser(ILogger logger, string session, ReLoginReason reason);

    [LoggerMessage(210, LogLevel.Information, "Session '{Session}': logged in again; held requests go on.", EventName = "LoggedInAgain")]
    public static partial void LoggedInAgain(ILogger logger, string session);

    [LoggerMessage(211, LogLevel.Warning, "Session '{Session}': no new login came of asking the user: {Description}", EventName = "NotLoggedIn")]
    public static partial void NotLoggedIn(ILogger logger, string session, string description);

    [LoggerMessage(212, LogLevel.Debug, "Session '{Session}': a refresh has begun ({Cause}).", EventName = "FlightBegun")]
    public static partial void FlightBegun(ILogger logger, string session, FlightCause cause);

    [LoggerMessage(301, LogLevel.Warning, "Session '{Session}': the refresh failed for now ({Cause}, error {Error}): {Description}", EventName = "RefreshFailed")]
    public static partial void RefreshFailed(ILogger logger, string session, FlightCause cause, string? error, string? description);

    [LoggerMessage(302, LogLevel.Error, "Session '{Session}': the refresh is set up wrongly (error {Error}): {Description}", EventName = "RefreshMisconfigured")]
    public static partial void RefreshMisconfigured(ILogger logger, string session, string? error, string? description);

    [LoggerMessage(303, LogLevel.Information, "Session '{Session}': the tokens are revoked at the server.", EventName = "Revoked")]
    public static partial void Revoked(ILogger logger, string session);

    [LoggerMessage(304, LogLevel.Warning, "Session '{Session}': signed out, but the server couldn't be told: {Description}", EventName = "RevocationFailed")]
    public static partial void RevocationFailed(ILogger logger, string session, string description);

    [LoggerMessage(
        305,
        LogLevel.Error,
        "Session '{Session}': the refresh failed ({Cause}, error {Error}), and TokenEndpoint or Protocol looks wrong: {Description}",
        EventName = "EndpointSuspect")]
    public static partial void EndpointSuspect(ILogger logger, string session, FlightCause cause, string? error, string? description);

    [LoggerMessage(401, LogLevel.Warning, "Session '{Session}': the token store failed with {Exception}.", EventName = "StoreFailed")]
    public static partial void StoreFailed(ILogger logger, string session, string exception);

    [LoggerMessage(402, LogLevel.Error, "Session '{Session}': new tokens couldn't be saved ({Exception}); they are used from memory and saved later.", EventName = "SaveFailed")]
    public static partial void SaveFailed(ILogger logger, string session, string exception);

    [LoggerMessage(403, LogLevel.Information, "Session '{Session}': the tokens that couldn't be saved are saved now.", EventName = "SavedLate")]
    public static partial void SavedLate(ILogger logger, string session);
}

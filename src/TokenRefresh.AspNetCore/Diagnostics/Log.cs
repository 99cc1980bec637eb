using Microsoft.Extensions.Logging;

namespace TokenRefresh.AspNetCore.Diagnostics;

/// <summary>Every log message of this package, from 501. None contains a token, a secret or an identifier of a user.</summary>
internal static partial class Log
{
    [LoggerMessage(
        501, LogLevel.Information, "Session '{Session}': a user signed in through the scheme '{Scheme}'.", EventName = "UserSignedIn")]
    public static partial void UserSignedIn(ILogger logger, string session, string scheme);

    [LoggerMessage(
        502, LogLevel.Warning, "Session '{Session}': a login failed because the provider issued no refresh token. {Advice}",
        EventName = "LoginWithoutRefreshToken")]
    public static partial void LoginWithoutRefreshToken(ILogger logger, string session, string advice);

    [LoggerMessage(
        503, LogLevel.Error, "Session '{Session}': a login failed because its tokens can't be saved: {Problem}",
        EventName = "LoginNotSaved")]
    public static partial void LoginNotSaved(ILogger logger, string session, string problem);

    [LoggerMessage(
        504, LogLevel.Debug, "Session '{Session}': a new login replaces the login that the browser had.", EventName = "LoginReplaced")]
    public static partial void LoginReplaced(ILogger logger, string session);

    [LoggerMessage(
        505, LogLevel.Information,
        "Session '{Session}': a cookie is rejected because its login has ended; the user must sign in again.{Advice}",
        EventName = "CookieRejected")]
    public static partial void CookieRejected(ILogger logger, string session, string advice);

    [LoggerMessage(
        506, LogLevel.Warning, "Session '{Session}': a cookie is accepted without a check, because its tokens can't be read now.",
        EventName = "CookieNotChecked")]
    public static partial void CookieNotChecked(ILogger logger, string session);

    [LoggerMessage(
        507, LogLevel.Error, "Session '{Session}': the cookie is deleted, but the saved tokens can't be removed: {Problem}",
        EventName = "SignOutNotSaved")]
    public static partial void SignOutNotSaved(ILogger logger, string session, string problem);

    [LoggerMessage(
        508, LogLevel.Warning,
        "Session '{Session}' keeps its tokens in memory only: after a restart every user must sign in again. Add a store: "
        + "AddUserTokenSession(\"{Session}\").UseFileStore(directory).UseDataProtection().",
        EventName = "MemoryOnly")]
    public static partial void MemoryOnly(ILogger logger, string session);

    [LoggerMessage(
        511, LogLevel.Information, "A request is answered with a sign-in because the user's login has ended.",
        EventName = "SignInRequired")]
    public static partial void SignInRequired(ILogger logger);

    [LoggerMessage(
        512, LogLevel.Warning, "A request is answered with 503 because the user's token can't be refreshed now: {Problem}",
        EventName = "Unavailable")]
    public static partial void Unavailable(ILogger logger, string problem);

    [LoggerMessage(
        513, LogLevel.Error,
        "A request is answered with 401: an API rejects the access token of a user whose login hasn't ended. A new sign-in doesn't help. "
        + "Check that the token's audience, scope and issuer are those that the API expects.",
        EventName = "TokenNotAccepted")]
    public static partial void TokenNotAccepted(ILogger logger);

    [LoggerMessage(
        514, LogLevel.Warning, "A request to {Path} is refused with 403: {Reason}.", EventName = "CrossSiteRequest")]
    public static partial void CrossSiteRequest(ILogger logger, string path, string reason);

    [LoggerMessage(
        515, LogLevel.Error,
        "Session '{Session}': an API call had no token, although the cookie's user is signed in. The request's user isn't the one of the "
        + "cookie: a claims transformation or a middleware replaced it, or another scheme authenticated the request. Add claims to a clone "
        + "of the cookie's principal, or authenticate the request by the scheme '{Scheme}'.",
        EventName = "UserReplaced")]
    public static partial void UserReplaced(ILogger logger, string session, string scheme);

    [LoggerMessage(
        521, LogLevel.Information, "Session '{Session}': the provider ended a login by a logout token.", EventName = "BackChannelLogout")]
    public static partial void BackChannelLogout(ILogger logger, string session);

    [LoggerMessage(522, LogLevel.Warning, "A logout token is refused: {Reason}", EventName = "LogoutTokenRefused")]
    public static partial void LogoutTokenRefused(ILogger logger, string reason);

    [LoggerMessage(
        523, LogLevel.Error, "A back-channel logout failed; the provider can repeat it: {Problem}", EventName = "BackChannelLogoutFailed")]
    public static partial void BackChannelLogoutFailed(ILogger logger, string problem);
}

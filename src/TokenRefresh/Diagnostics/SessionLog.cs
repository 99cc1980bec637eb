using Microsoft.Extensions.Logging;

namespace TokenRefresh.Diagnostics;

/// <summary>
/// Every log message of the core. 1xx: requests, 2xx: sessions and flights, 3xx: the server, 4xx: the store. None contains a secret or a
/// user.
/// </summary>
/// <remarks>All messages are in one class. The generator writes several classes in a random order, so two builds would differ.</remarks>
internal static partial class SessionLog
{
    [LoggerMessage(101, LogLevel.Debug, "Session '{Session}': no token sent with {Method} {Origin}: {Reason}", EventName = "NoTokenSent")]
    public static partial void NoTokenSent(ILogger logger, string session, string method, string origin, string reason);

    [LoggerMessage(102, LogLevel.Debug,
        "Session '{Session}': {Method} {Origin} was rejected, and the caller gets the response: {Reason}", EventName = "RejectionReturned")]
    public static partial void RejectionReturned(ILogger logger, string session, string method, string origin, string reason);

    [LoggerMessage(103, LogLevel.Warning,
        "Session '{Session}': {Method} {Origin} rejected an access token that had just been refreshed. Refreshing again wouldn't help: "
        + "check the token's audience, scope and issuer, and the option Scheme. This line is logged at most once a minute.",
        EventName = "RefreshedTokenRejected")]
    public static partial void RefreshedTokenRejected(ILogger logger, string session, string method, string origin);

    [LoggerMessage(104, LogLevel.Warning,
        "Session '{Session}': requests are sent without a token, because the service's address is {Origin}, which isn't https. Give the "
        + "service an https endpoint, or add that origin, or the service's name such as http://api, to InsecureOrigins.",
        EventName = "InsecureAddress")]
    public static partial void InsecureAddress(ILogger logger, string session, string origin);

    [LoggerMessage(105, LogLevel.Debug,
        "Session '{Session}': {Method} {Origin} stopped waiting for a refresh, because it was cancelled or HttpClient.Timeout is over. The "
        + "refresh continues. If this is HttpClient.Timeout, make it longer than RefreshTimeout, {RefreshTimeout}.",
        EventName = "WaitCancelled")]
    public static partial void WaitCancelled(ILogger logger, string session, string method, string origin, TimeSpan refreshTimeout);

    [LoggerMessage(106, LogLevel.Warning,
        "Session '{Session}': all users of the client '{Client}' share its primary handler, and with it the cookies of its API. Set "
        + "UseCookies to false on that handler: with ConfigurePrimaryHttpMessageHandler, UseSocketsHttpHandler or similar.",
        EventName = "SharedCookies")]
    public static partial void SharedCookies(ILogger logger, string session, string client);

    [LoggerMessage(201, LogLevel.Information, "Session '{Session}': signed in.", EventName = "SignedIn")]
    public static partial void SignedIn(ILogger logger, string session);

    [LoggerMessage(202, LogLevel.Information, "Session '{Session}': signed out.", EventName = "SignedOut")]
    public static partial void SignedOut(ILogger logger, string session);

    [LoggerMessage(203, LogLevel.Information,
        "Session '{Session}': access token refreshed in {Milliseconds} ms because {Reason}; requests that waited: {Waiters}; it "
        + "expires at {ExpiresAt}.", EventName = "Refreshed")]
    public static partial void Refreshed(ILogger logger, string session, long milliseconds, string reason, int waiters, string expiresAt);

    [LoggerMessage(204, LogLevel.Information,
        "Session '{Session}': another process has refreshed the tokens; the newer tokens were loaded from the store.",
        EventName = "NewerTokensLoaded")]
    public static partial void NewerTokensLoaded(ILogger logger, string session);

    [LoggerMessage(205, LogLevel.Debug,
        "Session '{Session}': another process is refreshing; waiting for its result.", EventName = "WaitingForOtherProcess")]
    public static partial void WaitingForOtherProcess(ILogger logger, string session);

    [LoggerMessage(206, LogLevel.Warning,
        "Session '{Session}': the login has ended ({Reason}, error: {Error}); the user must sign in again.", EventName = "ReLoginRequired")]
    public static partial void LoginEnded(ILogger logger, string session, ReLoginReason reason, string error);

    [LoggerMessage(207, LogLevel.Error,
        "Session '{Session}': an event handler or callback of the app threw {Exception}.", EventName = "HandlerThrew")]
    public static partial void HandlerThrew(ILogger logger, string session, string exception);

    [LoggerMessage(208, LogLevel.Error,
        "Session '{Session}': the refresh failed unexpectedly with {Exception}.", EventName = "RefreshCrashed")]
    public static partial void RefreshCrashed(ILogger logger, string session, string exception);

    [LoggerMessage(209, LogLevel.Information,
        "Session '{Session}': the login has ended ({Reason}); calling SignInInteractively. Requests wait.",
        EventName = "InteractiveSignInStarted")]
    public static partial void InteractiveSignInStarted(ILogger logger, string session, ReLoginReason reason);

    [LoggerMessage(210, LogLevel.Information,
        "Session '{Session}': the user signed in again; waiting requests are sent.", EventName = "InteractiveSignInSucceeded")]
    public static partial void InteractiveSignInSucceeded(ILogger logger, string session);

    [LoggerMessage(211, LogLevel.Warning,
        "Session '{Session}': the user didn't sign in again: {Description}", EventName = "InteractiveSignInFailed")]
    public static partial void InteractiveSignInFailed(ILogger logger, string session, string description);

    [LoggerMessage(212, LogLevel.Debug, "Session '{Session}': refreshing the access token because {Reason}.", EventName = "RefreshStarted")]
    public static partial void RefreshStarted(ILogger logger, string session, string reason);

    [LoggerMessage(213, LogLevel.Warning,
        "Session '{Session}': signed in without a refresh token; this login ends with its access token. Is the scope offline_access "
        + "requested?", EventName = "NoRefreshToken")]
    public static partial void NoRefreshToken(ILogger logger, string session);

    [LoggerMessage(301, LogLevel.Warning,
        "Session '{Session}': the refresh failed. {Failure} Next attempt in {Seconds} s; first failure: {Since}.",
        EventName = "RefreshFailed")]
    public static partial void RefreshFailed(ILogger logger, string session, string failure, double seconds, string since);

    [LoggerMessage(302, LogLevel.Error,
        "Session '{Session}': the refresh failed. {Failure} First failure: {Since}.", EventName = "RefreshMisconfigured")]
    public static partial void RefreshMisconfigured(ILogger logger, string session, string failure, string since);

    [LoggerMessage(305, LogLevel.Error,
        "Session '{Session}': the refresh failed, and the URL may be wrong. {Failure} Next attempt in {Seconds} s; first failure: "
        + "{Since}.", EventName = "EndpointSuspect")]
    public static partial void EndpointSuspect(ILogger logger, string session, string failure, double seconds, string since);

    [LoggerMessage(303, LogLevel.Information, "Session '{Session}': the tokens were revoked at the server.", EventName = "Revoked")]
    public static partial void Revoked(ILogger logger, string session);

    [LoggerMessage(304, LogLevel.Warning,
        "Session '{Session}': signed out, but the tokens couldn't be revoked at the server: {Description}", EventName = "RevocationFailed")]
    public static partial void RevocationFailed(ILogger logger, string session, string description);

    [LoggerMessage(306, LogLevel.Information,
        "Session '{Session}': the discovery document was fetched. Refreshes use {Endpoint}.", EventName = "Discovered")]
    public static partial void Discovered(ILogger logger, string session, string endpoint);

    [LoggerMessage(307, LogLevel.Warning,
        "Session '{Session}': the known discovery document stays in use, because it couldn't be fetched again: {Description}",
        EventName = "DiscoveryRenewalFailed")]
    public static partial void DiscoveryRenewalFailed(ILogger logger, string session, string description);

    [LoggerMessage(308, LogLevel.Warning,
        "Session '{Session}': tokens are sent unencrypted to {Origins}, because InsecureOrigins allows it.",
        EventName = "InsecureOriginsAllowed")]
    public static partial void InsecureOriginsAllowed(ILogger logger, string session, string origins);

    [LoggerMessage(309, LogLevel.Information,
        "Session '{Session}': the client secret has changed in configuration. The next token call uses it.",
        EventName = "ClientSecretReloaded")]
    public static partial void ClientSecretReloaded(ILogger logger, string session);

    [LoggerMessage(310, LogLevel.Error,
        "Session '{Session}': the changed configuration isn't used: {Description}", EventName = "ReloadFailed")]
    public static partial void ReloadFailed(ILogger logger, string session, string description);

    [LoggerMessage(311, LogLevel.Warning,
        "Session '{Session}': configuration has changed, and needs a restart for {Options}. Until then the old values are used.",
        EventName = "RestartNeeded")]
    public static partial void RestartNeeded(ILogger logger, string session, string options);

    [LoggerMessage(401, LogLevel.Warning, "Session '{Session}': the token store failed with {Exception}.", EventName = "StoreFailed")]
    public static partial void StoreFailed(ILogger logger, string session, string exception);

    [LoggerMessage(402, LogLevel.Error,
        "Session '{Session}': new tokens couldn't be saved ({Exception}). They are used from memory and saved as soon as possible.",
        EventName = "SaveFailed")]
    public static partial void SaveFailed(ILogger logger, string session, string exception);

    [LoggerMessage(403, LogLevel.Information,
        "Session '{Session}': the tokens that couldn't be saved before are saved now.", EventName = "DeferredSaveSucceeded")]
    public static partial void DeferredSaveSucceeded(ILogger logger, string session);

    [LoggerMessage(404, LogLevel.Warning,
        "Session '{Session}': the token store couldn't be read again ({Exception}). Sessions continue with their tokens; a sign-out by "
        + "another process isn't known until the store answers. This line is logged once until then.", EventName = "RecheckFailed")]
    public static partial void RecheckFailed(ILogger logger, string session, string exception);
}

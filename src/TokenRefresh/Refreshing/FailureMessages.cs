using System.Globalization;
using System.Net.Sockets;
using TokenRefresh.Protocol;
using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh.Refreshing;

/// <summary>The failures that a flight can end with: what happened and what to do, without any secret.</summary>
internal static class FailureMessages
{
    public static FlightFailure From(string session, TokenEndpointResult result) => result.Outcome switch
    {
        TokenEndpointOutcome.Misconfigured or TokenEndpointOutcome.RefreshTokenOnly => new(
            TokenRefreshFailure.Configuration,
            $"The tokens of session '{session}' can't be refreshed as it is configured: {Describe(result)} "
            + "Correct the configuration; the next attempt is in 60 seconds, or at once by RefreshAsync.")
        {
            Error = result.Error,
            Cause = CauseOf(result),
        },
        _ => new(
            TokenRefreshFailure.Transient,
            $"The tokens of session '{session}' couldn't be refreshed now: {Describe(result)} The login is kept; "
            + (result.SuspectOption is { } option ? $"if no refresh has worked yet, {option} is probably wrong." : "try again later."))
        {
            Error = result.Error,
            Cause = CauseOf(result),
            RetryAfter = CoolDown.CapRetryAfter(result.RetryAfter),
            NeedsAttention = result.SuspectOption is not null,
        },
    };

    public static FlightFailure RetryLater(string session, TimeSpan pause) => new(
        TokenRefreshFailure.Transient,
        $"The tokens of session '{session}' aren't refreshed yet: the token endpoint asked for a pause. The login is kept; try again "
        + "later.")
    {
        RetryAfter = CoolDown.CapRetryAfter(pause),
    };

    public static FlightFailure TimedOut(string session, TimeSpan limit) => new(
        TokenRefreshFailure.Transient,
        string.Format(
            CultureInfo.InvariantCulture,
            "The tokens of session '{0}' couldn't be refreshed within RefreshTimeout, {1:0.###} s. The login is kept; try again later.",
            session,
            limit.TotalSeconds));

    public static FlightFailure Store(string session, Exception cause) =>
        Store(session, cause, "The token store can't be reached, so the refresh token wasn't used. The login is kept; try again later.");

    public static FlightFailure Store(string session, Exception cause, string message) => cause switch
    {
        TokenStoreConfigurationException => new(TokenRefreshFailure.Configuration, $"Session '{session}': {cause.Message}"),

        // The store calls its service through a client of the same session.
        TokenRefreshException { Failure: TokenRefreshFailure.Configuration } => new(TokenRefreshFailure.Configuration, cause.Message),
        _ => new(TokenRefreshFailure.Transient, $"Session '{session}': {message} ({StoreException.Describe(cause)})")
        {
            Cause = SafeInnerException(cause),
        },
    };

    public static FlightFailure Crashed(string session, Exception cause) => new(
        TokenRefreshFailure.Transient,
        $"The refresh of session '{session}' failed unexpectedly ({cause.GetType().Name}). The login is kept; try again later.");

    /// <summary>
    /// Passes on only exceptions whose messages can't contain secrets: those of this library, of disks and of sockets. HttpIOException
    /// quotes response text.
    /// </summary>
    public static Exception? SafeInnerException(Exception cause) => cause switch
    {
        // The name is compared, because the build for .NET Standard can't reference the type but may get it.
        IOException when cause.GetType().FullName == "System.Net.Http.HttpIOException" => null,
        TokenRefreshException or IOException or SocketException or TimeoutException => cause,
        _ => null,
    };

    private static Exception? CauseOf(TokenEndpointResult result) =>
        result.Exception is { } exception && !EndpointExceptionClassifier.MayNameProxy(exception) ? exception : null;

    private static string Describe(TokenEndpointResult result) =>
        (result.Description ?? "the token endpoint refused.") + (result.Error is null ? "" : $" (error: {result.Error})");
}

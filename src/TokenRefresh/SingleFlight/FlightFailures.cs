using System;
using System.Globalization;
using System.IO;
using System.Net.Http;
using System.Net.Sockets;
using TokenRefresh.Storage;

namespace TokenRefresh.SingleFlight;

/// <summary>The failures a flight can end with, and their words: what happened, what to do, no secret.</summary>
internal static class FlightFailures
{
    public static FlightFailure From(string name, TokenEndpointResult result) => result.Outcome switch
    {
        TokenEndpointOutcome.Misconfigured or TokenEndpointOutcome.RefreshTokenOnly => new(
            TokenRefreshFailure.Configuration,
            $"The tokens of session '{name}' can't be refreshed as it is set up: {Describe(result)} Mend that; it is asked again in 60 seconds, or at once by RefreshAsync.")
        {
            Error = result.Error,
            Cause = result.Exception,
        },
        _ => new(
            TokenRefreshFailure.Transient,
            $"The tokens of session '{name}' couldn't be refreshed now: {Describe(result)} The login is kept; try again later.")
        {
            Error = result.Error,
            Cause = result.Exception,
            RetryAfter = CoolDown.Believed(result.RetryAfter),
        },
    };

    public static FlightFailure BackOff(string name, TimeSpan pause) => new(
        TokenRefreshFailure.Transient,
        $"The tokens of session '{name}' aren't refreshed yet: the token endpoint asked for a pause. The login is kept; try again later.")
    {
        RetryAfter = CoolDown.Believed(pause),
    };

    public static FlightFailure TimedOut(string name, TimeSpan limit) => new(
        TokenRefreshFailure.Transient,
        string.Format(
            CultureInfo.InvariantCulture,
            "The tokens of session '{0}' couldn't be refreshed within RefreshTimeout, {1:0.###} s. The login is kept; try again later.",
            name,
            limit.TotalSeconds));

    public static FlightFailure Store(string name, Exception e, string? message = null) => e switch
    {
        TokenStoreConfigurationException => new(TokenRefreshFailure.Configuration, $"Session '{name}': {e.Message}"),

        // A store that is called through the client it serves.
        TokenRefreshException { Failure: TokenRefreshFailure.Configuration } => new(TokenRefreshFailure.Configuration, e.Message),
        _ => new(
            TokenRefreshFailure.Transient,
            $"Session '{name}': {message ?? "The token store can't be reached, so no refresh token was spent. The login is kept; try again later."} ({e.GetType().Name})")
        {
            Cause = Harmless(e),
        },
    };

    public static FlightFailure Unexpected(string name, Exception e) => new(
        TokenRefreshFailure.Transient,
        $"The refresh of session '{name}' broke off ({e.GetType().Name}). The login is kept; try again later.");

    public static FlightFailure Recursion(string name) => new(
        TokenRefreshFailure.Configuration,
        $"The refresh of session '{name}' waits for itself: its token endpoint, store or ReLogin callback calls through a client that this very session guards. "
        + "Give it an HttpClient of its own, or call WithoutAccessToken() on its requests.");

    /// <summary>
    /// Our own, and those of disks and sockets, which name paths, hosts and codes. Anybody else's may hold anything; those of HTTP quote an
    /// answer that they can't read.
    /// </summary>
    public static Exception? Harmless(Exception e) => e switch
    {
        // By its name: the build for .NET Standard can't say its type, and may meet it all the same.
        IOException when e.GetType().FullName == "System.Net.Http.HttpIOException" => null,
        TokenRefreshException or IOException or SocketException or TimeoutException => e,
        _ => null,
    };

    private static string Describe(TokenEndpointResult result) =>
        (result.Description ?? "the token endpoint refused.") + (result.Error is null ? "" : $" (error: {result.Error})");
}

using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;
using TokenRefresh.Refreshing;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Handling;

/// <summary>
/// The waits of a request. A request of <c>SendAsync</c> waits asynchronously, and a request of <c>Send</c> on the caller's thread.
/// </summary>
internal static class RequestWait
{
    /// <exception cref="OperationCanceledException">The token was cancelled. The flight continues.</exception>
    public static ValueTask<FlightResult> ForFlightAsync(
        SessionContext session, HttpRequestMessage request, Flight flight, bool isAsync, CancellationToken cancellationToken)
    {
#if NET8_0_OR_GREATER
        if (!isAsync)
        {
            return new ValueTask<FlightResult>(WaitOnThisThread(session, request, flight, cancellationToken));
        }
#endif
        // A second state machine would double the memory of a waiting request. So it is used only if the Debug line can be logged.
        return !flight.Result.IsCompleted && session.Services.Logger.IsEnabled(LogLevel.Debug)
            ? LogCancellationAsync(session, request, session.WaitForAsync(flight, cancellationToken))
            : session.WaitForAsync(flight, cancellationToken);
    }

    /// <exception cref="OperationCanceledException">The token was cancelled. The read continues.</exception>
    public static Task ForRecheckAsync(SessionContext session, bool isAsync, CancellationToken cancellationToken)
    {
#if NET8_0_OR_GREATER
        if (!isAsync)
        {
            session.RecheckOnThisThread(cancellationToken);
            return Task.CompletedTask;
        }
#endif
        return session.RecheckAsync(cancellationToken);
    }

    /// <summary>
    /// Waits for work without a flight: content, a body, a decision of the app. A request of <c>Send</c> continues on the caller's thread.
    /// </summary>
    public static ValueTask<bool> ForAsync(ValueTask<bool> work, bool isAsync) =>
        isAsync || work.IsCompleted ? work : new ValueTask<bool>(work.AsTask().GetAwaiter().GetResult());

#if NET8_0_OR_GREATER
    private static FlightResult WaitOnThisThread(
        SessionContext session, HttpRequestMessage request, Flight flight, CancellationToken cancellationToken)
    {
        try
        {
            return session.WaitOnThisThread(flight, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            LogCancellation(session, request);
            throw;
        }
    }
#endif

    private static async ValueTask<FlightResult> LogCancellationAsync(
        SessionContext session, HttpRequestMessage request, ValueTask<FlightResult> waiting)
    {
        try
        {
            return await waiting.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            LogCancellation(session, request);
            throw;
        }
    }

    private static void LogCancellation(SessionContext session, HttpRequestMessage request) =>
        RequestLog.WaitCancelled(session.Services.Logger, session.Services.Name, request, session.Services.Options.RefreshTimeout);
}

using Microsoft.Extensions.Logging;
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
        SessionContext session, HttpRequestMessage request, Flight flight, bool isAsync, CancellationToken cancellationToken) =>

        // A second state machine would double the memory of a waiting request. So it is used only if the Debug line can be logged.
        !flight.Result.IsCompleted && session.Services.Logger.IsEnabled(LogLevel.Debug)
            ? LogCancellationAsync(session, request, flight, isAsync, cancellationToken)
            : ForFlightAsync(session, flight, isAsync, cancellationToken);

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

    private static ValueTask<FlightResult> ForFlightAsync(
        SessionContext session, Flight flight, bool isAsync, CancellationToken cancellationToken)
    {
#if NET8_0_OR_GREATER
        if (!isAsync)
        {
            return new ValueTask<FlightResult>(session.WaitOnThisThread(flight, cancellationToken));
        }
#endif
        return session.WaitForAsync(flight, cancellationToken);
    }

    private static async ValueTask<FlightResult> LogCancellationAsync(
        SessionContext session, HttpRequestMessage request, Flight flight, bool isAsync, CancellationToken cancellationToken)
    {
        try
        {
            return await ForFlightAsync(session, flight, isAsync, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            RequestLog.WaitCancelled(session.Services, request);
            throw;
        }
    }
}

using TokenRefresh.Refreshing;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Handling;

/// <summary>
/// What a request waits for, in the way that it was sent: with <c>SendAsync</c>, or with <c>Send</c> on the caller's thread.
/// </summary>
internal static class RequestWait
{
    /// <exception cref="OperationCanceledException">The token was cancelled. The flight continues.</exception>
    public static Task<FlightResult> ForFlightAsync(
        SessionContext session, Flight flight, bool isAsync, CancellationToken cancellationToken)
    {
#if NET8_0_OR_GREATER
        if (!isAsync)
        {
            return Task.FromResult(session.WaitOnThisThread(flight, cancellationToken));
        }
#endif
        return session.WaitForAsync(flight, cancellationToken);
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
    /// Waits for what needs no flight: content, a body, a verdict of the app. A request of <c>Send</c> continues on the caller's thread.
    /// </summary>
    public static ValueTask<bool> ForAsync(ValueTask<bool> work, bool isAsync) =>
        isAsync || work.IsCompleted ? work : new ValueTask<bool>(work.AsTask().GetAwaiter().GetResult());
}

using System.Threading.Tasks.Sources;
using Microsoft.Coyote.Specifications;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Schedules;

/// <summary>The wait of one caller. The other programs replace it, because Coyote can't control the awaiter of a value task.</summary>
public sealed class FlightWaitSchedules
{
    [Fact]
    public void A_caller_continues_once_if_the_flight_ends_while_it_cancels() => Explorer.Explore(
        async () =>
        {
            var flight = new Flight(NotLoadedSnapshot.Initial, FlightReason.FirstUse);
            using var leaving = new CancellationTokenSource();
            var wait = new FlightWait(flight, leaving.Token);
            IValueTaskSource<FlightResult> source = wait;
            wait.ObserveCancellation();
            var continued = new TaskCompletionSource<bool>();
            var continuations = 0;

            await Task.WhenAll(
                Task.Run(() =>
                {
                    flight.Complete(FlightResult.Completed);
                    wait.Complete();
                }),
                Task.Run(leaving.Cancel),
                Task.Run(() => source.OnCompleted(_ => Continue(), null, 0, ValueTaskSourceOnCompletedFlags.None)));
            await continued.Task;

            var status = source.GetStatus(0);
            Specification.Assert(status is not ValueTaskSourceStatus.Pending, "The caller continued before the wait had ended.");
            Specification.Assert(continuations == 1, $"The caller continued {continuations} times.");
            Specification.Assert(Ending(source) == status, "The result isn't that of the status.");

            void Continue()
            {
                Interlocked.Increment(ref continuations);
                continued.TrySetResult(true);
            }
        },
        Explorer.Schedules);

    private static ValueTaskSourceStatus Ending(IValueTaskSource<FlightResult> source)
    {
        try
        {
            return source.GetResult(0) == FlightResult.Completed ? ValueTaskSourceStatus.Succeeded : ValueTaskSourceStatus.Faulted;
        }
        catch (OperationCanceledException)
        {
            return ValueTaskSourceStatus.Canceled;
        }
    }
}

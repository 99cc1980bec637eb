using TokenRefresh.SingleFlight;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.SingleFlight;

/// <summary>What waits for a flight: its result, a cancellation, and both at once.</summary>
public sealed class FlightWaitTests
{
    private readonly Flight _flight = new(NotLoadedSnapshot.Initial, FlightReason.FirstUse);

    [Fact]
    public async Task Every_wait_gets_the_result()
    {
        var waits = Enumerable.Range(0, 100).Select(_ => WaitAsync(CancellationToken.None)).ToArray();

        _flight.Complete(FlightResult.Completed);

        Assert.All(await Task.WhenAll(waits), result => Assert.Same(FlightResult.Completed, result));
    }

    [Fact]
    public async Task A_wait_that_begins_after_the_flight_has_ended_gets_the_result()
    {
        _flight.Complete(FlightResult.Completed);

        Assert.Same(FlightResult.Completed, await WaitAsync(new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task Only_the_first_result_counts()
    {
        var wait = WaitAsync(CancellationToken.None);

        _flight.Complete(FlightResult.Completed);
        _flight.Complete(FlightResult.Failed(FlightFailure.WaitsForItself("orders")));

        Assert.Same(FlightResult.Completed, await wait);
    }

    [Fact]
    public async Task A_cancelled_wait_leaves_at_once_and_the_others_stay()
    {
        using var leaving = new CancellationTokenSource();
        var leaver = WaitAsync(leaving.Token);
        var other = WaitAsync(CancellationToken.None);

        PlainThread.Run(leaving.Cancel);

        Assert.True(leaver.IsCanceled);
        Assert.False(other.IsCompleted);
        _flight.Complete(FlightResult.Completed);
        Assert.Same(FlightResult.Completed, await other);
    }

    [Fact]
    public async Task A_cancelled_wait_names_the_callers_token()
    {
        using var leaving = new CancellationTokenSource();
        var leaver = WaitAsync(leaving.Token);
        leaving.Cancel();

        var late = WaitAsync(leaving.Token);

        Assert.Equal(leaving.Token, (await Assert.ThrowsAsync<TaskCanceledException>(() => leaver)).CancellationToken);
        Assert.Equal(leaving.Token, (await Assert.ThrowsAsync<TaskCanceledException>(() => late)).CancellationToken);
    }

    [Fact]
    public async Task A_cancellation_after_the_flight_changes_nothing()
    {
        using var leaving = new CancellationTokenSource();
        var wait = WaitAsync(leaving.Token);
        _flight.Complete(FlightResult.Completed);
        var result = await wait;

        leaving.Cancel();

        Assert.Same(FlightResult.Completed, result);
    }

    [Fact]
    public async Task A_caller_never_continues_on_the_thread_that_ends_the_flight()
    {
        var wait = ThreadAfterAsync();
        var ending = 0;
        PlainThread.Run(() =>
        {
            ending = Environment.CurrentManagedThreadId;
            _flight.Complete(FlightResult.Completed);
        });

        Assert.NotEqual(ending, await wait);

        async Task<int> ThreadAfterAsync()
        {
            await _flight.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            return Environment.CurrentManagedThreadId;
        }
    }

    [Fact]
    public void A_cancelled_wait_keeps_nothing_of_its_request_alive()
    {
        var request = WaitAndLeave();

        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();

        Assert.False(request.TryGetTarget(out _));
        GC.KeepAlive(_flight);

        WeakReference<object> WaitAndLeave()
        {
            var held = new object();
            using var leaving = new CancellationTokenSource();
            var waiting = HoldAsync(held, leaving.Token);
            PlainThread.Run(leaving.Cancel);
            Assert.True(waiting.IsCanceled);
            return new WeakReference<object>(held);
        }

        async Task HoldAsync(object held, CancellationToken cancellationToken)
        {
            await _flight.WaitAsync(cancellationToken).ConfigureAwait(false);
            GC.KeepAlive(held);
        }
    }

    [Fact]
    public async Task A_wait_ends_once_if_the_flight_ends_while_it_is_cancelled()
    {
        for (var round = 0; round < 2_000; round++)
        {
            var flight = new Flight(NotLoadedSnapshot.Initial, FlightReason.FirstUse);
            using var leaving = new CancellationTokenSource();
            var continued = 0;
            using var start = new Barrier(3);

            await Task.WhenAll(
                Task.Run(() => AtOnce(() => flight.Complete(FlightResult.Completed))),
                Task.Run(() => AtOnce(leaving.Cancel)),
                Task.Run(WaitAtOnceAsync)).WaitAsync(Gate.FailSafe, TimeProvider.System);

            Assert.Equal(1, continued);

            void AtOnce(Action action)
            {
                start.SignalAndWait();
                action();
            }

            async Task WaitAtOnceAsync()
            {
                start.SignalAndWait();
                try
                {
                    await flight.WaitAsync(leaving.Token).ConfigureAwait(false);
                }
                catch (OperationCanceledException)
                {
                    // Whichever came first.
                }

                Interlocked.Increment(ref continued);
            }
        }
    }

    private async Task<FlightResult> WaitAsync(CancellationToken cancellationToken) =>
        await _flight.WaitAsync(cancellationToken).ConfigureAwait(false);
}

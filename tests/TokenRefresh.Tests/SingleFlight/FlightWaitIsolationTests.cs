using TokenRefresh.SingleFlight;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.SingleFlight;

/// <summary>A wait keeps its caller apart: from the thread that ends it, and from what is still alive after it.</summary>
public sealed class FlightWaitIsolationTests
{
    private readonly Flight _flight = new(NotLoadedSnapshot.Initial, FlightReason.FirstUse);

    [Fact]
    public void A_cancelled_wait_keeps_no_token_of_its_caller_alive()
    {
        AssertIsCollected(WaitAndLeave());
        GC.KeepAlive(_flight);

        WeakReference<object> WaitAndLeave()
        {
            using var leaving = new CancellationTokenSource();
            var waiting = WaitAsync(leaving.Token);
            PlainThread.Run(leaving.Cancel);
            Assert.True(waiting.IsCanceled);
            return new WeakReference<object>(leaving);
        }
    }

    [Fact]
    public void A_flight_that_has_ended_keeps_no_wait_alive()
    {
        AssertIsCollected(WaitForTheResult());
        GC.KeepAlive(_flight);

        WeakReference<object> WaitForTheResult()
        {
            var caller = new CancellationTokenSource();
            EndAndRead(_flight.WaitAsync(caller.Token));
            return new WeakReference<object>(caller);
        }

        void EndAndRead(ValueTask<FlightResult> waiting)
        {
            _flight.Complete(FlightResult.Completed);
            Assert.True(SpinWait.SpinUntil(() => waiting.IsCompleted, Gate.FailSafe));
            Assert.Same(FlightResult.Completed, waiting.Result);
        }
    }

    [Fact]
    public async Task A_cancellation_on_a_thread_with_a_context_continues_the_caller_elsewhere()
    {
        using var leaving = new CancellationTokenSource();
        var context = ContextAfterAsync();

        PlainThread.Run(() =>
        {
            SynchronizationContext.SetSynchronizationContext(new WindowContext());
            leaving.Cancel();
        });

        Assert.Null(await context);

        async Task<SynchronizationContext?> ContextAfterAsync()
        {
            try
            {
                await _flight.WaitAsync(leaving.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // What counts is where it continues.
            }

            return SynchronizationContext.Current;
        }
    }

    [Fact]
    public async Task A_cancellation_in_a_task_of_another_scheduler_continues_the_caller_elsewhere()
    {
        using var leaving = new CancellationTokenSource();
        var scheduler = SchedulerAfterAsync();

        await Task.Factory.StartNew(
            leaving.Cancel, CancellationToken.None, TaskCreationOptions.None, new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler);

        Assert.Same(TaskScheduler.Default, await scheduler);

        async Task<TaskScheduler> SchedulerAfterAsync()
        {
            try
            {
                await _flight.WaitAsync(leaving.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // What counts is where it continues.
            }

            return TaskScheduler.Current;
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_caller_continues_with_its_own_ambient_values(bool isCancelled)
    {
        var user = new AsyncLocal<string>();
        using var leaving = new CancellationTokenSource();
        var seen = Task.WhenAll(UserAfterAsync("first"), UserAfterAsync("second"));

        PlainThread.Run(() =>
        {
            user.Value = "ending";
            (isCancelled ? leaving.Cancel : (Action)(() => _flight.Complete(FlightResult.Completed)))();
            Assert.Equal("ending", user.Value);
        });

        Assert.Equal(["first", "second"], await seen);

        async Task<string?> UserAfterAsync(string name)
        {
            user.Value = name;
            try
            {
                await _flight.WaitAsync(leaving.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // What counts is what the caller finds.
            }

            return user.Value;
        }
    }

    [Fact]
    public async Task Ten_thousand_waits_leave_by_one_cancellation_on_a_small_stack()
    {
        using var leaving = new CancellationTokenSource();
        var waits = Enumerable.Range(0, 10_000).Select(_ => WaitAsync(leaving.Token)).ToArray();

        PlainThread.Run(leaving.Cancel);

        Assert.All(waits, wait => Assert.True(wait.IsCanceled));
        await Assert.ThrowsAsync<TaskCanceledException>(() => Task.WhenAll(waits));
    }

    private static void AssertIsCollected(WeakReference<object> reference)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.False(reference.TryGetTarget(out _));
    }

    private async Task<FlightResult> WaitAsync(CancellationToken cancellationToken) =>
        await _flight.WaitAsync(cancellationToken).ConfigureAwait(false);

    private sealed class WindowContext : SynchronizationContext;
}

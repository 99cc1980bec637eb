using TokenRefresh.SingleFlight;

namespace TokenRefresh;

/// <summary>Waiting, as the library does it, by means that Coyote controls.</summary>
internal static class Waits
{
    public static async Task<T> ControlledWaitAsync<T>(this Task<T> task, CancellationToken cancellationToken)
    {
        await ((Task)task).ControlledWaitAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        return await task.ConfigureAwait(false);
    }

    public static async Task<T> ControlledWaitAsync<T>(this Task<T> task, TimeSpan atMost, TimeProvider time, CancellationToken cancellationToken)
    {
        await ((Task)task).ControlledWaitAsync(atMost, time, cancellationToken).ConfigureAwait(false);
        return await task.ConfigureAwait(false);
    }

    public static async Task ControlledWaitAsync(this Task task, TimeSpan atMost, TimeProvider time, CancellationToken cancellationToken)
    {
        // Not Task.WhenAny: it hears of a completion source that runs its continuations asynchronously on a thread of the real pool.
        var over = new TaskCompletionSource<bool>();
        using var timer = atMost == Timeout.InfiniteTimeSpan ? null : time.CreateTimer(_ => over.TrySetResult(false), null, atMost, Timeout.InfiniteTimeSpan);
        using var registration = cancellationToken.Register(() => over.TrySetResult(false));
        _ = TellAsync(task, over);
        if (!await over.Task.ConfigureAwait(false))
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new TimeoutException();
        }
    }

    public static async Task ControlledWaitAsync(this Task task, CancellationToken cancellationToken)
    {
        await task.ControlledWaitAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        await task.ConfigureAwait(false);
    }

    public static ValueTask<FlightResult> ControlledWaitAsync(this Flight flight, CancellationToken cancellationToken) =>
        new(flight.Result.ControlledWaitAsync(cancellationToken));

    public static Task ControlledWaitAsync(this SemaphoreSlim gate, CancellationToken cancellationToken) => gate.WaitAsync(cancellationToken);

    public static Task<T> WaitOrLeaveAsync<T>(this Task<T> task, CancellationToken cancellationToken) => task.ControlledWaitAsync(cancellationToken);

    public static Task WaitOrLeaveAsync(this Task task, CancellationToken cancellationToken) => task.ControlledWaitAsync(cancellationToken);

    internal static async Task TellAsync(Task task, TaskCompletionSource<bool> over)
    {
        try
        {
            await task.ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The waiter gets the exception from the task.
        }

        over.TrySetResult(true);
    }
}

/// <summary>The library's own, by means that Coyote controls.</summary>
internal static class WaitExtensions
{
    public static async Task<Task> FirstOfAsync(params Task[] tasks)
    {
        var over = new TaskCompletionSource<bool>();
        foreach (var task in tasks)
        {
            _ = Waits.TellAsync(task, over);
        }

        await over.Task.ConfigureAwait(false);
        return Array.Find(tasks, task => task.IsCompleted)!;
    }
}

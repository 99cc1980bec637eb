namespace TokenRefresh.Testing;

/// <summary>Holds calls until it is opened, and counts them. A test waits for a number of calls instead of a time.</summary>
public sealed class Gate
{
    /// <summary>How long <see cref="ArrivedAsync"/> waits before it fails: 60 seconds of real time.</summary>
    public static TimeSpan FailSafe { get; } = TimeSpan.FromSeconds(60);

    private readonly object _lock = new();
    private readonly TaskCompletionSource<bool> _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(int Count, TaskCompletionSource<bool> Reached)> _watchers = [];
    private int _arrived;

    /// <summary>How many calls have arrived so far.</summary>
    public int Arrived
    {
        get
        {
            lock (_lock)
            {
                return _arrived;
            }
        }
    }

    /// <summary>Arrives at the gate, and waits until it is open.</summary>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>A task that completes when the gate is open.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public Task PassAsync(CancellationToken cancellationToken = default)
    {
        Arrive();
        return _open.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Waits until a number of calls has arrived.</summary>
    /// <param name="count">The number of calls, those that have passed included.</param>
    /// <returns>A task that completes when so many calls have arrived.</returns>
    /// <exception cref="TimeoutException">The calls haven't arrived within <see cref="FailSafe"/>.</exception>
    public Task ArrivedAsync(int count)
    {
        var arrived = WaitForArrivalsAsync(count, FailSafe);

        // A test may stop waiting. Its exception is observed then, too.
        _ = arrived.ContinueWith(
            static failed => failed.Exception,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        return arrived;
    }

    /// <summary>Opens the gate: calls that wait and later calls pass.</summary>
    public void Open() => _open.TrySetResult(true);

    private async Task WaitForArrivalsAsync(int count, TimeSpan failSafe)
    {
        TaskCompletionSource<bool> reached;
        lock (_lock)
        {
            if (_arrived >= count)
            {
                return;
            }

            reached = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            _watchers.Add((count, reached));
        }

        try
        {
            await reached.Task.WaitAsync(failSafe, TimeProvider.System).ConfigureAwait(false);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{Arrived} of {count} calls have arrived at the gate within {failSafe}.", e);
        }
    }

    private void Arrive()
    {
        List<TaskCompletionSource<bool>>? reached = null;
        lock (_lock)
        {
            _arrived++;
            for (var i = _watchers.Count - 1; i >= 0; i--)
            {
                if (_watchers[i].Count <= _arrived)
                {
                    (reached ??= []).Add(_watchers[i].Reached);
                    _watchers.RemoveAt(i);
                }
            }
        }

        reached?.ForEach(watcher => watcher.TrySetResult(true));
    }
}

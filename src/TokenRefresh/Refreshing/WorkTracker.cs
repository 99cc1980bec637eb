namespace TokenRefresh.Refreshing;

/// <summary>Tracks what a disposal waits for: flights, deferred saves and revocations.</summary>
internal sealed class WorkTracker
{
    // After the limit, running calls are cancelled and get this long to end.
    private static readonly TimeSpan AbortTime = TimeSpan.FromSeconds(1);

    private readonly object _lock = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _aborting = new();
    private TaskCompletionSource<bool>? _drained;
    private int _running;

    /// <summary>Cancelled when the disposal begins: pauses end at once, calls continue. Only for this library's own waits.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>Cancelled when the disposal has waited long enough: calls end, too. Only for this library's own waits.</summary>
    public CancellationToken Aborting => _aborting.Token;

    public bool IsStopping => _stopping.IsCancellationRequested;

    /// <summary>Begins a piece of work, unless the disposal has begun.</summary>
    public bool TryBegin()
    {
        lock (_lock)
        {
            if (_drained is not null)
            {
                return false;
            }

            _running++;
            return true;
        }
    }

    /// <summary>Begins work that follows from running work. The disposal waits for it, too.</summary>
    public bool TryBeginFollowUp()
    {
        lock (_lock)
        {
            if (_drained is not null && _running == 0)
            {
                return false;
            }

            _running++;
            return true;
        }
    }

    public void End()
    {
        lock (_lock)
        {
            if (--_running == 0)
            {
                _drained?.TrySetResult(true);
            }
        }
    }

    /// <summary>Runs work that follows from running work. It reports its own failures: nothing waits for it but the disposal.</summary>
    public async Task RunFollowUpAsync(Func<Task> work)
    {
        var isTracked = TryBeginFollowUp();
        try
        {
            await work().ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The store or a logger of the app failed.
        }
        finally
        {
            if (isTracked)
            {
                End();
            }
        }
    }

    /// <summary>
    /// Admits no new work and waits for work that is running. The limit is by the system's clock, because the app's clock may stand still.
    /// </summary>
    public async Task DrainAsync(TimeSpan limit)
    {
        Task drained;
        lock (_lock)
        {
            _drained ??= new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_running == 0)
            {
                _drained.TrySetResult(true);
            }

            drained = _drained.Task;
        }

        Cancel(_stopping);
        if (!await CompletesWithinAsync(drained, limit).ConfigureAwait(false))
        {
            Cancel(_aborting);
            await CompletesWithinAsync(drained, AbortTime).ConfigureAwait(false);
        }
    }

    private static async Task<bool> CompletesWithinAsync(Task drained, TimeSpan limit)
    {
        try
        {
            await drained.WaitAsync(limit, TimeProvider.System, CancellationToken.None).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private static void Cancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (AggregateException)
        {
            // A callback on our own token failed. The drain must not end because of it.
        }
    }
}

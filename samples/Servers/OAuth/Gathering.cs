namespace TokenRefresh.Samples.Servers;

/// <summary>Holds calls until all expected calls have arrived.</summary>
internal sealed class Gathering
{
    private readonly object _lock = new();
    private TaskCompletionSource? _complete;
    private int _missing;

    public void Begin(int calls)
    {
        lock (_lock)
        {
            _missing = calls;
            _complete = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public Task ArriveAsync()
    {
        lock (_lock)
        {
            if (_complete is not { } complete)
            {
                return Task.CompletedTask;
            }

            if (--_missing == 0)
            {
                _complete = null;
                complete.SetResult();
            }

            return complete.Task;
        }
    }
}

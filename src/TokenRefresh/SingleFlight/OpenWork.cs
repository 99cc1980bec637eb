using System;
using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh.SingleFlight;

/// <summary>Counts what must not be cut off at disposal: flights, and saves that are still owed.</summary>
internal sealed class OpenWork
{
    private readonly object _lock = new();
    private readonly CancellationTokenSource _stopping = new();
    private TaskCompletionSource<bool>? _drained;
    private int _open;

    /// <summary>Set when disposal has begun: waiting for a better time is over.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>Takes a place, unless disposal has begun.</summary>
    public bool TryEnter()
    {
        lock (_lock)
        {
            if (_drained is not null)
            {
                return false;
            }

            _open++;
            return true;
        }
    }

    public void Exit()
    {
        lock (_lock)
        {
            if (--_open == 0)
            {
                _drained?.TrySetResult(true);
            }
        }
    }

    /// <summary>Lets nobody in any more, and completes when the last one is out.</summary>
    public Task DrainAsync()
    {
        Task drained;
        lock (_lock)
        {
            _drained ??= new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_open == 0)
            {
                _drained.TrySetResult(true);
            }

            drained = _drained.Task;
        }

        _stopping.Cancel();
        return drained;
    }
}

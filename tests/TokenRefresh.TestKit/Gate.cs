using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh.TestKit;

/// <summary>Holds whoever comes until it is opened, and knows how many are waiting: tests wait for that, never for time.</summary>
public sealed class Gate
{
    /// <summary>How long a test waits before it is called hung: real time, as a fail-safe only.</summary>
    public static readonly TimeSpan FailSafe = TimeSpan.FromSeconds(30);

    private readonly object _lock = new();
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(int Count, TaskCompletionSource Reached)> _watchers = [];
    private int _arrived;

    /// <summary>How many have come so far.</summary>
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

    /// <summary>Waits until the gate is open.</summary>
    public Task PassAsync(CancellationToken cancellationToken = default)
    {
        Arrive();
        return _open.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Blocks the thread until the gate is open.</summary>
    public void Pass() => PassAsync().WaitAsync(FailSafe, TimeProvider.System).GetAwaiter().GetResult();

    /// <summary>Completes when so many have come.</summary>
    public Task ArrivedAsync(int count)
    {
        TaskCompletionSource reached;
        lock (_lock)
        {
            if (_arrived >= count)
            {
                return Task.CompletedTask;
            }

            reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _watchers.Add((count, reached));
        }

        return reached.Task.WaitAsync(FailSafe, TimeProvider.System);
    }

    /// <summary>Lets everybody pass, for good.</summary>
    public void Open() => _open.TrySetResult();

    private void Arrive()
    {
        List<TaskCompletionSource>? reached = null;
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

        reached?.ForEach(watcher => watcher.TrySetResult());
    }
}

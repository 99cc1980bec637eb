using System;
using System.Threading;
using System.Threading.Tasks;
using StackExchange.Redis;

namespace TokenRefresh.Redis;

/// <summary>A connection that is opened at its first use, and tried again with the next one if that failed.</summary>
internal sealed class RedisConnection(Func<Task<IConnectionMultiplexer>> open, bool isOwned) : IAsyncDisposable, IDisposable
{
    private readonly object _lock = new();
    private Task<IConnectionMultiplexer>? _opening;

    private IConnectionMultiplexer? Owned => isOwned && _opening is { Status: TaskStatus.RanToCompletion } opened ? opened.Result : null;

    public Task<IConnectionMultiplexer> OpenAsync(CancellationToken cancellationToken)
    {
        Task<IConnectionMultiplexer> opening;
        lock (_lock)
        {
            if (_opening is null || _opening.IsFaulted || _opening.IsCanceled)
            {
                // On a thread of its own: an app's way to a connection may block.
                _opening = Task.Run(open, CancellationToken.None);
            }

            opening = _opening;
        }

        return opening.WaitOrLeaveAsync(cancellationToken);
    }

    public ValueTask DisposeAsync() => Owned?.DisposeAsync() ?? default;

    public void Dispose() => Owned?.Dispose();
}

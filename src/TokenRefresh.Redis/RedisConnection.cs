using StackExchange.Redis;

namespace TokenRefresh.Redis;

/// <summary>A connection that is opened at its first use. If that fails, the next use tries again.</summary>
internal sealed class RedisConnection(Func<Task<IConnectionMultiplexer>> open, bool isOwned) : IAsyncDisposable, IDisposable
{
    private readonly object _lock = new();
    private Task<IConnectionMultiplexer>? _opening;
    private bool _isDisposed;

    public Task<IConnectionMultiplexer> OpenAsync(CancellationToken cancellationToken)
    {
        Task<IConnectionMultiplexer> opening;
        lock (_lock)
        {
            if (_isDisposed)
            {
                throw new ObjectDisposedException(nameof(RedisConnection), "The connection to Redis was closed with its container.");
            }

            if (_opening is null || _opening.IsFaulted || _opening.IsCanceled)
            {
                // The app's function may block, so it runs on a pool thread.
                _opening = NoContext.Start(() => Task.Run(open, CancellationToken.None));
            }

            opening = _opening;
        }

        return opening.WaitOrLeaveAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (TakeOwned() is { } connection)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    public void Dispose() => TakeOwned()?.Dispose();

    /// <summary>
    /// Ends the use of the connection. A connection that is still being opened is closed when it is open. The disposal doesn't wait for it.
    /// </summary>
    /// <returns>The connection to close now; <see langword="null"/> if there is none.</returns>
    private IConnectionMultiplexer? TakeOwned()
    {
        Task<IConnectionMultiplexer>? opening;
        lock (_lock)
        {
            if (!isOwned || _isDisposed || _opening is null)
            {
                _isDisposed = isOwned;
                return null;
            }

            _isDisposed = true;
            opening = _opening;
        }

        if (opening.IsCompleted)
        {
            return opening.Status == TaskStatus.RanToCompletion ? opening.Result : null;
        }

        _ = opening.ContinueWith(
            static late => late.Result.Dispose(),
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnRanToCompletion,
            TaskScheduler.Default);
        return null;
    }
}

using TokenRefresh.Storage;

namespace TokenRefresh.Testing;

/// <summary>
/// Keeps records in this process's memory. Use it in tests whose sessions share a login as several processes do, and in tests that read the
/// store. A session without any store keeps its tokens itself.
/// </summary>
/// <param name="timeProvider">The store's clock, or <see langword="null"/> for the system's.</param>
public sealed class MemoryTokenStore(TimeProvider? timeProvider = null) : ITokenStore, IBuiltInTokenStore
{
    private const int CleanUpEvery = 256;

    private readonly TimeProvider _time = timeProvider ?? TimeProvider.System;

    // Held for a look-up, never across an await.
    private readonly object _lock = new();
    private readonly Dictionary<TokenSessionKey, StoredText> _records = [];
    private readonly Dictionary<TokenSessionKey, TaskCompletionSource<bool>> _changes = [];
    private int _writes;

    bool IBuiltInTokenStore.IsInMemory => true;

    /// <inheritdoc/>
    public ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            return new ValueTask<StoredRecord?>(Find(key));
        }
    }

    /// <inheritdoc/>
    public ValueTask<StoredRecord?> CompareExchangeAsync(
        TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken)
    {
        Require.NotNull(text, nameof(text));
        cancellationToken.ThrowIfCancellationRequested();
        TaskCompletionSource<bool>? changed;
        StoredRecord written;
        lock (_lock)
        {
            if (Find(key) is var current && current?.Revision != expectedRevision)
            {
                return new ValueTask<StoredRecord?>(current);
            }

            var now = _time.GetUtcNow();
            var next = StoredText.New(text, keepFor, now);
            _records[key] = next;
            written = next.ToRecord(now);
            if (_changes.TryGetValue(key, out changed))
            {
                _changes.Remove(key);
            }

            CleanUp(now);
        }

        changed?.TrySetResult(true);
        return new ValueTask<StoredRecord?>(written);
    }

    /// <inheritdoc/>
    public async ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken)
    {
        Task change;
        lock (_lock)
        {
            if (Find(key)?.Revision != revision)
            {
                return;
            }

            if (!_changes.TryGetValue(key, out var source))
            {
                _changes[key] = source = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            change = source.Task;
        }

        try
        {
            await change.WaitAsync(timeout, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // The caller looks again.
        }
    }

    private StoredRecord? Find(TokenSessionKey key)
    {
        var now = _time.GetUtcNow();
        return _records.TryGetValue(key, out var record) && !record.IsExpired(now) ? record.ToRecord(now) : null;
    }

    private void CleanUp(DateTimeOffset now)
    {
        if (++_writes % CleanUpEvery != 0)
        {
            return;
        }

        foreach (var key in new List<TokenSessionKey>(_records.Keys))
        {
            if (_records[key].IsExpired(now))
            {
                _records.Remove(key);
            }
        }
    }
}

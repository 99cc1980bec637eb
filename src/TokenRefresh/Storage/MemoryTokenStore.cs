using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using TokenRefresh.Storage;

namespace TokenRefresh;

/// <summary>
/// Keeps tokens in this process's memory, for several containers that share them, and for tests that look into them. A session without any
/// store keeps its tokens itself. Nothing is written or serialized.
/// </summary>
/// <param name="timeProvider">The store's clock, or <see langword="null"/> for the system's.</param>
public sealed class MemoryTokenStore(TimeProvider? timeProvider = null) : RecordTokenStore(timeProvider)
{
    // One lock for all sessions: it is held for a dictionary look-up, never across I/O or an await.
    private readonly object _lock = new();
    private readonly Dictionary<TokenSessionKey, TokenRecord> _records = [];
    private readonly Dictionary<TokenSessionKey, TaskCompletionSource<bool>> _changes = [];

    /// <inheritdoc/>
    public override async ValueTask WaitForChangeAsync(TokenSessionKey key, long version, TimeSpan atMost, CancellationToken cancellationToken)
    {
        Task change;
        lock (_lock)
        {
            if (!_records.TryGetValue(key, out var record) || record.Version != version || record.LastAttempt?.Owner is null)
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
            await change.WaitAsync(atMost, Time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The lease has ended: that is a change too.
        }
    }

    private protected override ValueTask<TokenStoreAnswer> StepAsync(TokenSessionKey key, RecordStep step, CancellationToken cancellationToken)
    {
        TaskCompletionSource<bool>? changed = null;
        TokenRecord.Transition transition;
        lock (_lock)
        {
            _records.TryGetValue(key, out var record);
            transition = step(record, Time.GetUtcNow());
            if (transition.Record is { } next && !ReferenceEquals(next, record))
            {
                _records[key] = next;
                if (_changes.TryGetValue(key, out changed))
                {
                    _changes.Remove(key);
                }
            }
        }

        changed?.TrySetResult(true);
        return new ValueTask<TokenStoreAnswer>(transition.Answer);
    }
}

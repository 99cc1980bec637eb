using TokenRefresh.Storage;

namespace TokenRefresh.ProcessNode;

/// <summary>A store that stops at one step and says so, until the process is killed there or continues.</summary>
internal class StoppingStore : ITokenStore
{
    private readonly ITokenStore _store;
    private readonly string? _step;
    private int _stops;

    private StoppingStore(ITokenStore store, string? step) => (_store, _step) = (store, step);

    /// <summary>A store with a lock keeps it: the operating system frees it when this process is killed.</summary>
    public static ITokenStore Around(ITokenStore store, string? step) =>
        store is ITokenStoreLock locks ? new WithLock(store, locks, step) : new StoppingStore(store, step);

    public ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken) => _store.ReadAsync(key, cancellationToken);

    public async ValueTask<StoredRecord?> CompareExchangeAsync(
        TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken)
    {
        var isLease = LoginRecordText.Read(text).Lease is not null;
        StopAt(isLease ? "asking" : "answered");
        var stored = await _store.CompareExchangeAsync(key, text, expectedRevision, keepFor, cancellationToken).ConfigureAwait(false);
        StopAt(isLease ? "claimed" : "saved");
        return stored;
    }

    public ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken) =>
        _store.WaitForChangeAsync(key, revision, timeout, cancellationToken);

    private void StopAt(string here)
    {
        if (here == _step && Interlocked.Increment(ref _stops) == 1)
        {
            Console.WriteLine("stopped");
            Console.ReadLine();
        }
    }

    private sealed class WithLock(ITokenStore store, ITokenStoreLock locks, string? step) : StoppingStore(store, step), ITokenStoreLock
    {
        public ValueTask<IDisposable?> TryLockAsync(TokenSessionKey key, CancellationToken cancellationToken) => locks.TryLockAsync(key, cancellationToken);
    }
}

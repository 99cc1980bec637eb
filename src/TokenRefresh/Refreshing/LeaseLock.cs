namespace TokenRefresh.Refreshing;

/// <summary>
/// The store's own lock of one lease. It is released at the end of the lease. If new tokens can't be saved, it is kept until they are. So
/// no other process of the machine sends the used refresh token.
/// </summary>
/// <param name="storeLock">The lock; <see langword="null"/> if the store has none.</param>
internal sealed class LeaseLock(IDisposable? storeLock) : IDisposable
{
    private IDisposable? _lock = storeLock;

    /// <summary>Passes the lock on. After that this object releases nothing.</summary>
    /// <returns>The lock for its next holder; <see langword="null"/> if there is none.</returns>
    public LeaseLock? PassOn() => Interlocked.Exchange(ref _lock, null) is { } passed ? new LeaseLock(passed) : null;

    /// <summary>Releases the lock. An exception of the store is ignored, so that the result of the refresh isn't lost.</summary>
    public void Dispose() => Interlocked.Exchange(ref _lock, null)?.DisposeQuietly();
}

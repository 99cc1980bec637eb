using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh.Refreshing;

/// <summary>A flight's right to use the refresh token, for a limited time.</summary>
/// <param name="Lease">What is written to the store.</param>
/// <param name="RequestedAt">When the lease was requested. It was acquired later, so it ends later.</param>
/// <param name="UsableFor">How long the refresh token may be sent.</param>
internal sealed record LeaseClaim(RefreshLease Lease, ClockReading RequestedAt, TimeSpan UsableFor)
{
    // The time between the last moment of sending and the end of the lease in the store.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);

    /// <summary>A new lease for the tokens of a snapshot.</summary>
    public static LeaseClaim For(SessionSnapshot start, SessionServices services)
    {
        var holderId = (start as SignedInSnapshot)?.GetLeaseId() ?? Guid.NewGuid().ToString();
        var usable = services.Options.RefreshTimeout;
        return new LeaseClaim(new RefreshLease(holderId, usable + Margin), ClockReading.Now(services.Time), usable);
    }

    /// <summary>
    /// Whether the refresh token must no longer be sent. Timers stand still while the machine sleeps, so this compares both clocks.
    /// </summary>
    public bool IsOver(TimeProvider time) => RequestedAt.Elapsed(time) >= UsableFor;
}

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

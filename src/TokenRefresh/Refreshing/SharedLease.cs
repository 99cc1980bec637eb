using TokenRefresh.Diagnostics;
using TokenRefresh.Storage;

namespace TokenRefresh.Refreshing;

/// <summary>What a flight does about the lease in the store: it waits for another process's, and gives back its own.</summary>
internal readonly struct SharedLease(SessionContext session)
{
    /// <summary>Waits until the record changes, the lease is over, or the app ends.</summary>
    public async Task FollowAsync(LoginStoreResult leased, CancellationToken cancellationToken)
    {
        var services = session.Services;
        SessionLog.WaitingForOtherProcess(services.Logger, services.Name);
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, services.Work.Stopping);
        await session.Store.WaitForChangeAsync(leased, waiting.Token).ConfigureAwait(false);
    }

    /// <summary>Gives a lease back. It ends by itself if the store can't be reached.</summary>
    public async Task ReleaseAsync(HeldLogin held, LeaseClaim lease, LeaseRelease release)
    {
        try
        {
            await session.Store.ReleaseAsync(held, lease.Lease, release).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            session.Services.StoreFailed(e);
        }
    }
}

using TokenRefresh.Diagnostics;
using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh.Refreshing;

/// <summary>Acquires and releases a flight's lease in the store, and waits while another process has the lease.</summary>
internal sealed class SharedLease(SessionContext session)
{
    /// <summary>
    /// How long a store may delay the token of a client. Client credentials use up no refresh token, so they don't need the store.
    /// </summary>
    public static readonly TimeSpan ClientStoreTimeout = TimeSpan.FromSeconds(5);

    // A store may end a wait early. So the limit of a client counts from the flight's first wait.
    private long? _followingSince;

    /// <summary>Acquires the lease. For client credentials it succeeds also if the store fails or doesn't answer in time.</summary>
    /// <exception cref="StoreException">The store failed, or the flight's deadline is over.</exception>
    public async Task<LoginStoreResult> AcquireAsync(SessionSnapshot start, LeaseClaim lease, CancellationToken cancellationToken)
    {
        var services = session.Services;
        using var limit = services.Time.CreateTimeout(services.UsesClientCredentials ? ClientStoreTimeout : Timeout.InfiniteTimeSpan);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await session.Store.AcquireAsync(HeldLogins.Of(start, services), lease.Lease, ending.Token).ConfigureAwait(false);
        }
        catch (StoreException e) when (services.UsesClientCredentials && !cancellationToken.IsCancellationRequested)
        {
            services.StoreFailed(e);
            return new LoginStoreResult(LoginStatus.Succeeded, LoginRecord.Vacant);
        }
    }

    /// <summary>Waits until the record changes, the lease is over, or the app ends.</summary>
    /// <returns>
    /// <see langword="false"/> if the tokens are a client's, and the store failed or the other process didn't finish in a third of
    /// <see cref="TokenRefreshOptions.RefreshTimeout"/>: it may have been killed. The client requests a token of its own.
    /// </returns>
    public async Task<bool> FollowAsync(LoginStoreResult leased, CancellationToken cancellationToken)
    {
        var services = session.Services;
        SessionLog.WaitingForOtherProcess(services.Logger, services.Name);
        var followed = services.Time.GetElapsedTime(_followingSince ??= services.Time.GetTimestamp());
        var rest = TimeSpan.FromTicks(services.Options.RefreshTimeout.Ticks / 3) - followed;
        using var limit = services.Time.CreateTimeout(services.UsesClientCredentials
            ? TimeSpans.Max(rest, TimeSpan.Zero)
            : Timeout.InfiniteTimeSpan);
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, services.Work.Stopping, limit.Token);
        try
        {
            await session.Store.WaitForChangeAsync(leased, waiting.Token).ConfigureAwait(false);
            return true;
        }
        catch (StoreException) when (limit.IsCancellationRequested)
        {
            return false;
        }
        catch (StoreException e) when (services.UsesClientCredentials && !waiting.IsCancellationRequested)
        {
            services.StoreFailed(e);
            return false;
        }
    }

    /// <summary>Releases a lease. If the store can't be reached, the lease ends by time for other processes.</summary>
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

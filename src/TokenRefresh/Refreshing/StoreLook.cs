using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh.Refreshing;

/// <summary>
/// Reads the store and publishes what it holds, without a refresh: when another process has changed the record, or may have; and for the
/// package of web apps, which only asks whether a login is alive.
/// </summary>
internal readonly struct StoreLook(SessionContext session)
{
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(5);

    /// <exception cref="TokenRefreshException">The store can't be read, or doesn't answer within five seconds.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var services = session.Services;
        try
        {
            await ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            services.StoreFailed(e);
            throw FailureMessages.Store(services.Name, e.Cause).ToException();
        }
    }

    /// <summary>The same, and logs no failure.</summary>
    /// <exception cref="StoreException">The store can't be read.</exception>
    public async Task ReadAsync(CancellationToken cancellationToken)
    {
        var services = session.Services;
        var start = session.Current;

        // What the store doesn't have yet is newer than what it holds.
        var isAhead = start is SignedOutSnapshot { AwaitsStore: true } or SignedInSnapshot { IsUnsaved: true };
        if (!services.HasStore || services.UsesClientCredentials || isAhead || !services.Work.TryBegin())
        {
            return;
        }

        try
        {
            // A change that comes while the store is read counts as later.
            var readAt = ClockReading.Now(services.Time);
            using var limit = services.Time.CreateTimeout(ReadTimeout);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
            var found = await session.Store.LoadAsync(HeldLogins.Of(start, services), either.Token).ConfigureAwait(false);
            var publisher = new SessionPublisher(session, start, readAt);
            var run = start is not SignedInSnapshot ? publisher.Load(found)
                : found.Status != LoginStatus.Succeeded ? publisher.AdoptNewer(found)
                : FlightRun.Unfinished;
            await SessionEvents.RaiseAsync(session, run.Event).ConfigureAwait(false);
        }
        finally
        {
            services.Work.End();
        }
    }
}

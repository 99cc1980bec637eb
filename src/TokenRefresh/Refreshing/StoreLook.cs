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
    /// <returns>Whether the store was read. It isn't if the session is ahead of it.</returns>
    /// <exception cref="StoreException">The store can't be read.</exception>
    public async Task<bool> ReadAsync(CancellationToken cancellationToken)
    {
        var services = session.Services;
        if (!services.HasStore || services.UsesClientCredentials || !services.Work.TryBegin())
        {
            return false;
        }

        try
        {
            using var limit = services.Time.CreateTimeout(ReadTimeout);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
            SessionSnapshot start;
            do
            {
                start = session.Current;
                if (IsAhead(start))
                {
                    return false;
                }
            }
            while (!await TryReadAsync(start, either.Token).ConfigureAwait(false));

            return true;
        }
        finally
        {
            services.Work.End();
        }
    }

    // What the store doesn't have yet is newer than what it holds.
    private static bool IsAhead(SessionSnapshot current) =>
        current is SignedOutSnapshot { AwaitsStore: true } or SignedInSnapshot { IsUnsaved: true };

    /// <summary>Reads the store and publishes what it holds over <paramref name="start"/>.</summary>
    /// <returns>
    /// <see langword="false"/> if the session has changed meanwhile, to something older than what was read: read the store again.
    /// </returns>
    private async Task<bool> TryReadAsync(SessionSnapshot start, CancellationToken cancellationToken)
    {
        // A change that comes while the store is read counts as later.
        var publisher = new SessionPublisher(session, start, ClockReading.Now(session.Services.Time));
        var held = HeldLogins.Of(start, session.Services);
        var found = await session.Store.LoadAsync(held, cancellationToken).ConfigureAwait(false);
        var run = start is not SignedInSnapshot ? publisher.Load(found)
            : found.Status != LoginStatus.Succeeded ? publisher.AdoptNewer(found)
            : FlightRun.Unfinished;
        await SessionEvents.RaiseAsync(session, run.Event).ConfigureAwait(false);
        var current = session.Current;
        return publisher.Snapshot != start || current == start || IsKnown(found, current);
    }

    // The end of a login has the version of the tokens that it ends.
    private static bool IsKnown(LoginStoreResult found, SessionSnapshot current) =>
        found.Version < current.Version
        || (found.Version == current.Version && (found.Status != LoginStatus.LoginEnded || current is EndedSnapshot));
}

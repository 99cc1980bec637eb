using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh.Refreshing;

/// <summary>
/// Reads the store and publishes the stored login, without a refresh. It is used when another process may have changed the record, and by
/// TokenRefresh.AspNetCore to check whether a login has ended.
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
    /// <returns>Whether the store was read. It isn't read if the session has tokens or a sign-out that the store lacks.</returns>
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

    // A state that isn't saved yet is newer than the stored one.
    private static bool IsAhead(SessionSnapshot current) =>
        current is SignedOutSnapshot { AwaitsStore: true } or SignedInSnapshot { IsUnsaved: true };

    /// <summary>Reads the store and publishes the stored login over <paramref name="start"/>.</summary>
    /// <returns>
    /// <see langword="false"/> if the session has changed meanwhile: the new state may be older than the record, so read it again.
    /// </returns>
    private async Task<bool> TryReadAsync(SessionSnapshot start, CancellationToken cancellationToken)
    {
        // A change that comes while the store is read counts as later.
        var publisher = new SessionPublisher(session, start, ClockReading.Now(session.Services.Time));
        var held = HeldLogins.Of(start, session.Services);
        var found = await session.Store.LoadAsync(held, cancellationToken).ConfigureAwait(false);
        var run = publisher.Load(found);
        await SessionEvents.RaiseAsync(session, run.Event).ConfigureAwait(false);
        return publisher.Snapshot != start || session.Current == start;
    }
}

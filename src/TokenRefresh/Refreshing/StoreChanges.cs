using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh.Refreshing;

/// <summary>
/// Reads the store when another process has changed the session's record. Several changes at once make one read. A change that the
/// session's own flight has read already makes none. While the store can't be reached, it tries again.
/// </summary>
internal sealed class StoreChanges(SessionContext session) : IDisposable
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    // The store must not keep a session in memory that nothing else uses.
    private readonly WeakReference<SessionContext> _session = new(session);
    private IDisposable? _subscription;
    private volatile bool _isDisposed;
    private volatile string? _lastRevision;
    private int _changes;

    public void Subscribe(TokenSessionKey key, ITokenStoreNotifications store)
    {
        try
        {
            Interlocked.Exchange(ref _subscription, store.Subscribe(key, Changed));
        }
        catch (Exception)
        {
            // The next operation reports the failure of the store. Without notifications, changes are found later.
        }

        if (_isDisposed)
        {
            Dispose();
        }
    }

    /// <summary>
    /// Ends the subscription. An exception of the store is ignored: on a timer's thread it would end the process, and other subscriptions
    /// must be ended too.
    /// </summary>
    public void Dispose()
    {
        _isDisposed = true;
        Interlocked.Exchange(ref _subscription, null)?.DisposeQuietly();
    }

    private void Changed(string? revision)
    {
        _lastRevision = revision;
        if (Interlocked.Increment(ref _changes) == 1)
        {
            _ = Task.Run(ReadAsync);
        }
    }

    private async Task ReadAsync()
    {
        var isAway = false;
        int seen;
        do
        {
            seen = Volatile.Read(ref _changes);
            if (_isDisposed || !_session.TryGetTarget(out var session))
            {
                Dispose();
                return;
            }

            isAway = !await TryReadAsync(session, isLogged: isAway).ConfigureAwait(false);
        }
        while (isAway || Interlocked.CompareExchange(ref _changes, 0, seen) != seen);
    }

    /// <returns><see langword="false"/>, after a pause, if the store couldn't be reached.</returns>
    private async Task<bool> TryReadAsync(SessionContext session, bool isLogged)
    {
        try
        {
            await ReadAsync(session).ConfigureAwait(false);
            return true;
        }
        catch (StoreException e)
        {
            if (!isLogged)
            {
                session.Services.StoreFailed(e);
            }

            // The session continues with its tokens. It reads again, because the change may be a sign-out; but not a store that is set up
            // wrongly.
            return e.Cause is TokenStoreConfigurationException || await session.Services.Time
                .DelayWasCancelledAsync(RetryPause, session.Services.Work.Stopping).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Code of the app failed, such as a logger. The next change reads again.
            return true;
        }
    }

    private async Task ReadAsync(SessionContext session)
    {
        // A flight reads the record itself. What it read may be older than this change.
        if (session.RunningFlight is { } flight)
        {
            await flight.Result.ConfigureAwait(false);
        }

        if (session.Current is not SignedInSnapshot { Revision: { } known } || known != _lastRevision)
        {
            await new StoreLook(session).ReadAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }
}

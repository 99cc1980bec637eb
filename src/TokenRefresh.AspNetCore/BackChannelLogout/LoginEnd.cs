using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.BackChannelLogout;

/// <summary>
/// When the logins of one user or provider session ended, as far as this node knows. The store is read again when that may have changed.
/// </summary>
internal sealed class LoginEnd(LogoutStore store, StoreLimit limit, string session, string hash, TimeProvider time) : IDisposable
{
    // Without notifications, or if one is lost, another node's logout counts after this time at the latest.
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly object _lock = new();
    private IDisposable? _subscription;
    private long _seconds;
    private long _readAt;
    private int _isReading;
    private volatile bool _isRead;
    private volatile bool _isStale;
    private volatile bool _timedOut;

    /// <summary>When this object was last used. An object that isn't used is removed.</summary>
    public long UsedAt { get; set; } = time.GetTimestamp();

    public long Seconds => Interlocked.Read(ref _seconds);

    /// <summary>Whether the store must be read before the answer counts.</summary>
    public bool MustBeRead => (!_isRead || _isStale) && !(_timedOut && ReadAge < StoreLimit.Pause);

    /// <summary>Whether the store is to be read in the background.</summary>
    public bool IsOld => ReadAge >= Interval;

    private TimeSpan ReadAge => time.GetElapsedTime(Interlocked.Read(ref _readAt));

    public void Raise(long seconds)
    {
        for (var known = Seconds; seconds > known; known = Seconds)
        {
            if (Interlocked.CompareExchange(ref _seconds, seconds, known) == known)
            {
                return;
            }
        }
    }

    /// <summary>Reads the store. If it can't be read, the known end counts, and the next request reads again.</summary>
    public async Task ReadAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _isReading, 1) == 1 && (_isRead || _timedOut))
        {
            return;
        }

        try
        {
            // Before the read: what is written after it is notified.
            Subscribe();
            _isStale = false;
            Raise(await limit.RunAsync(token => store.ReadEndAsync(session, hash, token), cancellationToken).ConfigureAwait(false));
            _isRead = true;
            _timedOut = false;
            Interlocked.Exchange(ref _readAt, time.GetTimestamp());
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The request was aborted. The next one asks again.
            _isStale = true;
            throw;
        }
        catch (Exception e)
        {
            // A store that can't be reached signs no user out.
            _isStale = true;
            _timedOut = e is TimeoutException;
            Interlocked.Exchange(ref _readAt, time.GetTimestamp());
        }
        finally
        {
            Volatile.Write(ref _isReading, 0);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _subscription?.Dispose();
        }
    }

    private void Subscribe()
    {
        lock (_lock)
        {
            _subscription ??= store.Subscribe(session, hash, () => _isStale = true);
        }
    }
}

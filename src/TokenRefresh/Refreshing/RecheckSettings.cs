namespace TokenRefresh.Refreshing;

/// <summary>The shared state of the sessions of one name for reading the store again while a user is signed in.</summary>
internal sealed class RecheckSettings(TimeSpan interval, TimeProvider time)
{
    private int _isAway;

    /// <summary>The shortest time between two reads of one session.</summary>
    public TimeSpan Interval => interval;

    public TimeProvider Time => time;

    /// <summary>Whether the last read failed. Then no use of a session waits for the store.</summary>
    public bool IsAway => Volatile.Read(ref _isAway) != 0;

    /// <summary>Notes that the store answered.</summary>
    public void StoreAnswered() => Volatile.Write(ref _isAway, 0);

    /// <summary>Notes that a read failed.</summary>
    /// <returns>Whether it is the first one since the store answered.</returns>
    public bool StoreFailed() => Interlocked.Exchange(ref _isAway, 1) == 0;
}

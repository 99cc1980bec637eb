namespace TokenRefresh.Storage;

/// <summary>
/// Remembers three things for the sessions of one name: how long this process has seen a record unchanged, when a wait last ended without a
/// change, and when the store last failed. Because of the first, a lease or a pause doesn't get longer if the store's clock is set back. It
/// has entries only for records that a session waits for.
/// </summary>
internal sealed class RecordWatch(TimeProvider time)
{
    // Sessions may leave entries that they never use again. Above this number they are removed.
    private const int CleanUpAbove = 64;

    // No lease and no pause is longer.
    private static readonly TimeSpan Longest = TimeSpan.FromHours(2);

    private readonly object _lock = new();
    private readonly Dictionary<TokenSessionKey, Entry> _entries = [];
    private bool _isAway;
    private long? _returned;

    /// <summary>How many records are remembered.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>
    /// Returns the age of a record: by the store's clock, or the time since this process first saw it, whichever is greater.
    /// </summary>
    public TimeSpan Observe(TokenSessionKey key, StoredRecord stored)
    {
        lock (_lock)
        {
            var watched = time.GetElapsedTime(Find(key, stored.Revision).Since);
            return watched > stored.Age ? watched : stored.Age;
        }
    }

    /// <summary>The time since the store first answered after a failure; <see langword="null"/> if it never failed.</summary>
    public TimeSpan? SinceOutage
    {
        get
        {
            lock (_lock)
            {
                return _returned is { } returned ? time.GetElapsedTime(returned) : null;
            }
        }
    }

    /// <summary>Notes that the store couldn't be reached.</summary>
    public void StoreFailed()
    {
        lock (_lock)
        {
            _isAway = true;
        }
    }

    /// <summary>Notes that the store answered.</summary>
    public void StoreAnswered()
    {
        lock (_lock)
        {
            if (_isAway)
            {
                (_isAway, _returned) = (false, time.GetTimestamp());
            }
        }
    }

    /// <summary>Counts a wait for a change of a record.</summary>
    /// <returns>Whether this process has waited for a change of this very record before.</returns>
    public bool CountWait(TokenSessionKey key, string? revision)
    {
        lock (_lock)
        {
            var entry = Find(key, revision);
            var isRepeated = entry.IsWaitedFor;
            entry.IsWaitedFor = true;
            return isRepeated;
        }
    }

    /// <summary>Removes the entry of a record that no session waits for.</summary>
    public void Forget(TokenSessionKey key)
    {
        lock (_lock)
        {
            _entries.Remove(key);
        }
    }

    private Entry Find(TokenSessionKey key, string? revision)
    {
        if (_entries.TryGetValue(key, out var entry) && entry.Revision == revision)
        {
            return entry;
        }

        if (_entries.Count >= CleanUpAbove)
        {
            CleanUp();
        }

        return _entries[key] = new Entry(revision, time.GetTimestamp());
    }

    private void CleanUp()
    {
        var old = new List<TokenSessionKey>();
        foreach (var entry in _entries)
        {
            if (time.GetElapsedTime(entry.Value.Since) > Longest)
            {
                old.Add(entry.Key);
            }
        }

        old.ForEach(key => _entries.Remove(key));
    }

    private sealed class Entry(string? revision, long since)
    {
        public string? Revision { get; } = revision;

        public long Since { get; } = since;

        public bool IsWaitedFor { get; set; }
    }
}

using System.Collections.Concurrent;
using static TokenRefresh.TimeSpans;

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

    private readonly ConcurrentDictionary<TokenSessionKey, Entry> _entries = new();
    private volatile bool _isAway;

    // The timestamp of the store's first answer after a failure; 0 if it never failed.
    private long _returned;

    /// <summary>How many records are remembered.</summary>
    public int Count => _entries.Count;

    /// <summary>The time since the store first answered after a failure; <see langword="null"/> if it never failed.</summary>
    public TimeSpan? SinceOutage => Volatile.Read(ref _returned) is var returned and not 0 ? time.GetElapsedTime(returned) : null;

    /// <summary>
    /// Returns the age of a record: by the store's clock, or the time since this process first saw it, whichever is greater.
    /// </summary>
    public TimeSpan Observe(TokenSessionKey key, StoredRecord stored) =>
        Max(stored.Age, time.GetElapsedTime(Find(key, stored.Revision).Since));

    /// <summary>Notes that the store couldn't be reached.</summary>
    public void StoreFailed() => _isAway = true;

    /// <summary>Notes that the store answered.</summary>
    public void StoreAnswered()
    {
        if (_isAway)
        {
            Volatile.Write(ref _returned, time.GetTimestamp());
            _isAway = false;
        }
    }

    /// <summary>Counts a wait for a change of a record.</summary>
    /// <returns>Whether this process has waited for a change of this very record before.</returns>
    public bool CountWait(TokenSessionKey key, string? revision) => Find(key, revision).CountWait() > 1;

    /// <summary>Removes the entry of a record that no session waits for.</summary>
    public void Forget(TokenSessionKey key) => _entries.TryRemove(key, out _);

    private Entry Find(TokenSessionKey key, string? revision)
    {
        if (_entries.TryGetValue(key, out var entry) && entry.Revision == revision)
        {
            return entry;
        }

        if (_entries.Count >= CleanUpAbove)
        {
            foreach (var old in _entries.Where(old => time.GetElapsedTime(old.Value.Since) > Longest))
            {
                _entries.TryRemove(old.Key, out _);
            }
        }

        return _entries[key] = new Entry(revision, time.GetTimestamp());
    }

    private sealed class Entry(string? revision, long since)
    {
        private int _waits;

        public string? Revision { get; } = revision;

        public long Since { get; } = since;

        public int CountWait() => Interlocked.Increment(ref _waits);
    }
}

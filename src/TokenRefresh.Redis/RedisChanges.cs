using System.Globalization;
using StackExchange.Redis;

namespace TokenRefresh.Redis;

/// <summary>Receives the names of changed records by one subscription. Polling finds changes whose notification is lost.</summary>
/// <param name="channel">The channel's name. The number of the database is added, because Redis shares channels among databases.</param>
internal sealed class RedisChanges(string channel) : IDisposable
{
    // The last changes are remembered, so that a change between a read and the wait for the next change isn't missed.
    private const int Remembered = 1024;

    private readonly object _lock = new();
    private readonly Dictionary<string, List<WatchedRecord>> _watched = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _revisions = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();
    private ISubscriber? _subscriber;
    private RedisChannel _subscribed;
    private Task? _listening;
    private string? _channel;
    private bool _isDisposed;

    /// <summary>Part of each revision that this store writes, so that it doesn't notify its subscribers of its own changes.</summary>
    public string Id { get; } = Guid.NewGuid().ToString("N").Substring(0, 12);

    /// <summary>
    /// The channel as the server knows it: with the prefix that the connection adds to the names of its subscriptions. While the server
    /// doesn't say it, the others aren't notified and poll, and each operation asks again.
    /// </summary>
    public async ValueTask<string> ChannelOfAsync(IDatabase database, CancellationToken cancellationToken)
    {
        _channel ??= await ChannelPrefix.AddAsync(database, NameOf(database), cancellationToken).ConfigureAwait(false);
        return _channel ?? NameOf(database);
    }

    /// <summary>Subscribes, unless that is done. If it fails, the waits poll until a later operation subscribes.</summary>
    public async ValueTask ListenAsync(IDatabase database, CancellationToken cancellationToken)
    {
        Task listening;
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            if (_listening is null || _listening.IsFaulted || _listening.IsCanceled)
            {
                _listening = SubscribeAsync(database);
            }

            listening = _listening;
        }

        if (listening.Status == TaskStatus.RanToCompletion)
        {
            return;
        }

        try
        {
            await listening.WaitOrLeaveAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // The next operation tries again.
        }
    }

    /// <summary>
    /// Ends the subscription, because the connection may be the app's own and be used longer than the store. It doesn't wait for the
    /// server.
    /// </summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            if (_subscriber is not null)
            {
                _ = UnsubscribeAsync(_subscriber);
            }
        }
    }

    // It throws at once if the connection goes through a proxy, which has no channels.
    private async Task SubscribeAsync(IDatabase database)
    {
        _subscriber = database.Multiplexer.GetSubscriber();
        _subscribed = RedisChannel.Literal(NameOf(database));
        await _subscriber.SubscribeAsync(_subscribed, Receive).ConfigureAwait(false);
    }

    // A subscription that is still being made can't be ended before it is complete.
    private async Task UnsubscribeAsync(ISubscriber subscriber)
    {
        try
        {
            await _listening!.ConfigureAwait(false);
            await subscriber.UnsubscribeAsync(_subscribed, Receive, CommandFlags.FireAndForget).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The subscription was never complete, or the connection was closed first.
        }
    }

    /// <summary>Watches a record for another revision than this one.</summary>
    public WatchedRecord Watch(string name, string? revision)
    {
        var watch = new WatchedRecord(this, name, revision, changed: null);
        lock (_lock)
        {
            Add(watch);
            if (_revisions.TryGetValue(name, out var known) && IsLater(known, revision))
            {
                watch.Wake(known);
            }
        }

        return watch;
    }

    /// <summary>Calls for each change that another store makes.</summary>
    public IDisposable Subscribe(string name, Action<string?> changed)
    {
        var watch = new WatchedRecord(this, name, revision: null, changed);
        lock (_lock)
        {
            Add(watch);
        }

        return watch;
    }

    private string NameOf(IDatabase database) => channel + ":" + database.Database.ToString(CultureInfo.InvariantCulture);

    private void Add(WatchedRecord watch)
    {
        if (!_watched.TryGetValue(watch.Name, out var list))
        {
            _watched[watch.Name] = list = [];
        }

        list.Add(watch);
    }

    private void Receive(RedisChannel from, RedisValue message)
    {
        if (message.ToString().Split(' ') is not [var name, var revision])
        {
            return;
        }

        List<WatchedRecord> woken;
        lock (_lock)
        {
            Remember(name, revision);
            woken = _watched.TryGetValue(name, out var list) ? list.FindAll(watch => watch.IsFor(revision, Id)) : [];
        }

        woken.ForEach(watch => watch.Wake(revision));
    }

    private void Remember(string name, string revision)
    {
        if (!_revisions.ContainsKey(name))
        {
            _order.Enqueue(name);
            if (_order.Count > Remembered)
            {
                _revisions.Remove(_order.Dequeue());
            }
        }

        _revisions[name] = revision;
    }

    private void Leave(WatchedRecord watch)
    {
        lock (_lock)
        {
            if (_watched.TryGetValue(watch.Name, out var list) && list.Remove(watch) && list.Count == 0)
            {
                _watched.Remove(watch.Name);
            }
        }
    }

    // A revision begins with its time at the server: a notification of an earlier write may arrive after the later one was read.
    private static bool IsLater(string notified, string? revision) =>
        revision is null || (notified != revision && TimeOf(notified) >= TimeOf(revision));

    private static long TimeOf(string revision) =>
        long.TryParse(revision.Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var time) ? time : 0;

    internal sealed class WatchedRecord(RedisChanges changes, string name, string? revision, Action<string?>? changed) : IDisposable
    {
        private readonly TaskCompletionSource<bool> _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Name => name;

        public bool IsFor(string notified, string ownId) => changed is null
            ? IsLater(notified, revision)
            : notified.IndexOf("-" + ownId + ".", StringComparison.Ordinal) < 0;

        public void Wake(string notified)
        {
            if (changed is null)
            {
                _changed.TrySetResult(true);
                return;
            }

            try
            {
                changed(notified);
            }
            catch (Exception)
            {
                // The subscriber's failure must not keep the others from being called.
            }
        }

        public async Task<bool> IsChangedWithinAsync(TimeSpan time, TimeProvider clock, CancellationToken cancellationToken)
        {
            using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(_changed.Task, clock.Delay(time, enough.Token)).ConfigureAwait(false);
            enough.Cancel();
            cancellationToken.ThrowIfCancellationRequested();
            return _changed.Task.IsCompleted;
        }

        public void Dispose() => changes.Leave(this);
    }
}

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Threading;
using System.Threading.Tasks;
using StackExchange.Redis;

namespace TokenRefresh.Redis;

/// <summary>Hears of changed records by one subscription, and wakes who waits for one. What it misses, their poll finds.</summary>
internal sealed class RedisChanges(string channel)
{
    // So many of the last changes are remembered: one that comes between a claim and its wait isn't missed.
    private const int Remembered = 1024;

    private readonly object _lock = new();
    private readonly Dictionary<string, List<WatchedRecord>> _watched = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _versions = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();
    private Task? _subscription;

    public string Channel => channel;

    /// <summary>Subscribes, if that isn't done. That it can't be done now is no failure: there is a poll behind it.</summary>
    public async ValueTask SubscribeAsync(IConnectionMultiplexer connection, CancellationToken cancellationToken)
    {
        Task subscription;
        lock (_lock)
        {
            if (_subscription is null || _subscription.IsFaulted || _subscription.IsCanceled)
            {
                _subscription = connection.GetSubscriber().SubscribeAsync(RedisChannel.Literal(channel), (_, message) => Hear(message.ToString()));
            }

            subscription = _subscription;
        }

        if (subscription.Status == TaskStatus.RanToCompletion)
        {
            return;
        }

        try
        {
            await subscription.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // Tried again with the next operation.
        }
    }

    public WatchedRecord Watch(string name, long version)
    {
        var watch = new WatchedRecord(this, name, version);
        lock (_lock)
        {
            if (!_watched.TryGetValue(name, out var list))
            {
                _watched[name] = list = [];
            }

            list.Add(watch);
            if (_versions.TryGetValue(name, out var known) && known > version)
            {
                watch.Wake();
            }
        }

        return watch;
    }

    private void Hear(string message)
    {
        var parts = message.Split(':');
        if (parts.Length != 3 || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var version))
        {
            return;
        }

        var name = parts[0];
        lock (_lock)
        {
            if (!_versions.ContainsKey(name))
            {
                _order.Enqueue(name);
                if (_order.Count > Remembered)
                {
                    _versions.Remove(_order.Dequeue());
                }
            }

            _versions[name] = version;
            if (_watched.TryGetValue(name, out var list))
            {
                // The news of the very version that is being refreshed may come late: nobody waits for that.
                list.FindAll(watch => version > watch.Version || (version == watch.Version && parts[2] == "freed")).ForEach(watch => watch.Wake());
            }
        }
    }

    private void Leave(WatchedRecord watch, string name)
    {
        lock (_lock)
        {
            if (_watched.TryGetValue(name, out var list) && list.Remove(watch) && list.Count == 0)
            {
                _watched.Remove(name);
            }
        }
    }

    internal sealed class WatchedRecord(RedisChanges changes, string name, long version) : IDisposable
    {
        private readonly TaskCompletionSource<bool> _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public long Version => version;

        public void Wake() => _changed.TrySetResult(true);

        public async Task<bool> IsChangedWithinAsync(TimeSpan time, TimeProvider clock, CancellationToken cancellationToken)
        {
            using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(_changed.Task, clock.Delay(time, enough.Token)).ConfigureAwait(false);
            enough.Cancel();
            cancellationToken.ThrowIfCancellationRequested();
            return _changed.Task.IsCompleted;
        }

        public void Dispose() => changes.Leave(this, name);
    }
}

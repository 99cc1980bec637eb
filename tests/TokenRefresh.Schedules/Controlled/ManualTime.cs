namespace TokenRefresh.Schedules;

/// <summary>A clock that stands still until a program moves it. Its timers then fire on that program's task.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly List<ManualTimer> _timers = [];
    private (TimeSpan Length, TaskCompletionSource<bool> Started)? _awaited;
    private DateTimeOffset _now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => _now;

    public override long GetTimestamp() => _now.Ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    public void Advance(TimeSpan span)
    {
        _now += span;
        foreach (var timer in _timers.FindAll(t => t.Due <= _now))
        {
            timer.Fire();
        }
    }

    /// <summary>Waits until a pause of this length has begun, and ends it.</summary>
    public async Task PassAsync(TimeSpan pause)
    {
        if (!_timers.Exists(timer => timer.Due == _now + pause))
        {
            var started = new TaskCompletionSource<bool>();
            _awaited = (pause, started);
            await started.Task;
        }

        Advance(pause);
    }

    private void Start(TimeSpan pause)
    {
        if (_awaited is { } awaited && awaited.Length == pause)
        {
            _awaited = null;
            awaited.Started.TrySetResult(true);
        }
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        public DateTimeOffset Due { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            time._timers.Remove(this);
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                Due = time._now + dueTime;
                time._timers.Add(this);
                time.Start(dueTime);
            }

            return true;
        }

        public void Fire()
        {
            if (time._timers.Remove(this))
            {
                callback(state);
            }
        }

        public void Dispose() => time._timers.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace TokenRefresh.Tests.Support;

/// <summary>A clock that stands still, and shows which pauses have begun.</summary>
internal sealed class WatchedTime : FakeTimeProvider
{
    private readonly object _lock = new();
    private readonly Dictionary<TimeSpan, Gate> _pauses = [];

    private WatchedTime()
        : base(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero))
    {
    }

    /// <summary>Makes the clock of an app.</summary>
    public static WatchedTime In(IServiceCollection services)
    {
        var time = new WatchedTime();
        services.AddSingleton<TimeProvider>(time);
        return time;
    }

    public static WatchedTime Create() => new();

    /// <summary>Waits until a pause of this length has begun.</summary>
    public Task WaitForPauseAsync(TimeSpan pause) => GateOf(pause).ArrivedAsync(1);

    /// <summary>Waits until a pause of this length has begun, and ends it.</summary>
    public async Task PassAsync(TimeSpan pause)
    {
        await WaitForPauseAsync(pause);
        Advance(pause);
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        _ = GateOf(dueTime).PassAsync(CancellationToken.None);
        return timer;
    }

    private Gate GateOf(TimeSpan pause)
    {
        lock (_lock)
        {
            return _pauses.TryGetValue(pause, out var gate) ? gate : _pauses[pause] = new Gate();
        }
    }
}

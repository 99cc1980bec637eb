using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace TokenRefresh.Tests.Support;

/// <summary>The app's clock, apart from the servers': it may be wrong, jump, and its steady counter stands still while the machine sleeps.</summary>
internal sealed class WrongTime(FakeTimeProvider right) : TimeProvider
{
    private TimeSpan _slept;

    /// <summary>How far the wall clock is ahead of the servers'.</summary>
    public TimeSpan Ahead { get; set; }

    public override long TimestampFrequency => right.TimestampFrequency;

    public static WrongTime In(IServiceCollection services)
    {
        var time = new WrongTime((FakeTimeProvider)services.Last(service => service.ServiceType == typeof(TimeProvider)).ImplementationInstance!);
        services.AddSingleton<TimeProvider>(time);
        return time;
    }

    public void Sleep(TimeSpan time)
    {
        _slept += time;
        right.Advance(time);
    }

    public override DateTimeOffset GetUtcNow() => right.GetUtcNow() + Ahead;

    public override long GetTimestamp() => right.GetTimestamp() - (long)(_slept.TotalSeconds * right.TimestampFrequency);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        right.CreateTimer(callback, state, dueTime, period);
}

using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace TokenRefresh.Tests.Support;

/// <summary>The clock of a test app on which short waits (a retry's pause) are over as soon as they begin. It knows what was waited for.</summary>
internal sealed class ImpatientTime(FakeTimeProvider inner) : TimeProvider
{
    // Longer than the longest pause between attempts, shorter than any deadline.
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(1.5);

    private readonly ConcurrentQueue<TimeSpan> _waits = new();

    public IReadOnlyList<TimeSpan> Waits => [.. _waits];

    /// <summary>How far the wall clock is ahead of the timers, which stood still while the machine slept.</summary>
    public TimeSpan Slept { get; set; }

    public override long TimestampFrequency => inner.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => inner.LocalTimeZone;

    /// <summary>Replaces the clock of an app that is being put together.</summary>
    public static ImpatientTime In(IServiceCollection services)
    {
        var time = new ImpatientTime((FakeTimeProvider)services.Last(service => service.ServiceType == typeof(TimeProvider)).ImplementationInstance!);
        services.AddSingleton<TimeProvider>(time);
        return time;
    }

    public override DateTimeOffset GetUtcNow() => inner.GetUtcNow() + Slept;

    public override long GetTimestamp() => inner.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = inner.CreateTimer(callback, state, dueTime, period);
        if (dueTime > TimeSpan.Zero && dueTime < Short)
        {
            _waits.Enqueue(dueTime);
            ThreadPool.QueueUserWorkItem(_ => inner.Advance(dueTime));
        }

        return timer;
    }
}

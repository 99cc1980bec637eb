namespace TokenRefresh.AspNetCore.Tests.Support;

/// <summary>The system's clock, moved ahead by a test. Timers and waits run in real time: nodes that wait for each other go on.</summary>
internal sealed class JumpingTime : TimeProvider
{
    private long _ahead;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public void Advance(TimeSpan time) => Interlocked.Add(ref _ahead, time.Ticks);

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddTicks(Interlocked.Read(ref _ahead));

    public override long GetTimestamp() => System.GetElapsedTime(0).Ticks + Interlocked.Read(ref _ahead);
}

using static TokenRefresh.TimeSpans;

namespace TokenRefresh.SingleFlight;

/// <summary>
/// A remembered failure with a pause. Until the pause is over the endpoint isn't called, and every request that needs a token gets this
/// failure.
/// </summary>
internal sealed class CoolDown
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan MaxPauseOfLongOutage = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan LongOutage = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan ProactivePause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ConfigurationPause = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromHours(1);

    private readonly FlightFailure _failure;
    private readonly ClockReading _startedAt;
    private readonly TimeSpan _proactivePause;

    // Failures of flights that a request waited for. Proactive failures don't lengthen the pause of requests.
    private readonly int _failures;
    private ClockReading _lookedAt;

    private CoolDown(
        FlightFailure failure, ClockReading startedAt, ClockReading failingSince, TimeSpan pause, TimeSpan proactivePause, int failures)
    {
        _failure = failure;
        _startedAt = _lookedAt = startedAt;
        FailingSince = failingSince;
        Pause = pause;
        _proactivePause = proactivePause;
        _failures = failures;
    }

    public TokenRefreshFailure Kind => _failure.Kind;

    /// <summary>How long requests are blocked.</summary>
    public TimeSpan Pause { get; }

    /// <summary>When the first of the failures in a row was.</summary>
    public ClockReading FailingSince { get; }

    /// <summary>Whether there was no failure before, since the last success.</summary>
    public bool IsFirst => FailingSince == _startedAt;

    /// <summary>
    /// Starts the cool-down of a failed flight. The previous one is that of the failure before, if there was no success in between. The
    /// random number is from 0 to 1.
    /// </summary>
    public static CoolDown After(CoolDown? previous, FlightFailure failure, FlightReason reason, TimeProvider time, double random)
    {
        var now = ClockReading.Now(time);
        var since = previous?.FailingSince ?? now;
        var isProactive = reason == FlightReason.Proactive;
        var failures = (previous?._failures ?? 0) + (isProactive ? 0 : 1);
        var spread = 0.8 + (0.4 * random);
        var pause = failure switch
        {
            { RetryAfter: { } wanted } => wanted,
            { Kind: TokenRefreshFailure.Configuration } => ConfigurationPause,
            _ when isProactive && previous is not null => Max(previous.Remaining(previous.Pause, time), Times(FirstPause, spread)),
            _ => Times(Min(Backoff(failures), since.Elapsed(time) < LongOutage ? MaxPause : MaxPauseOfLongOutage), spread),
        };
        var proactivePause = isProactive ? Max(Times(ProactivePause, spread), pause) : pause;
        return new CoolDown(failure, now, since, pause, proactivePause, failures);
    }

    /// <summary>Whether this cool-down blocks a flight for this reason. The failure has the rest of the cool-down.</summary>
    public bool Blocks(FlightReason reason, TimeProvider time, out FlightFailure failure)
    {
        failure = _failure;
        if (reason == FlightReason.Requested && _failure.RetryAfter is null)
        {
            return false;
        }

        var remaining = Remaining(reason == FlightReason.Proactive ? _proactivePause : Pause, time);
        failure = _failure with { Remaining = remaining };
        return remaining > TimeSpan.Zero;
    }

    /// <summary>
    /// Whether a flight may read a shared store now. A cool-down forbids calls to the endpoint, but not reads of the store: another process
    /// may have newer tokens. Call this under the gate.
    /// </summary>
    public bool TryLook(TimeProvider time)
    {
        if (_lookedAt.Elapsed(time) < SessionSnapshot.RecheckInterval)
        {
            return false;
        }

        _lookedAt = ClockReading.Now(time);
        return true;
    }

    /// <summary>
    /// A server's <c>Retry-After</c>, one hour at most. It delays this process and all processes that share the store. Zero or less counts
    /// as absent: otherwise there would be no pause at all.
    /// </summary>
    public static TimeSpan? CapRetryAfter(TimeSpan? retryAfter) =>
        retryAfter is { } wanted && wanted > TimeSpan.Zero ? Min(wanted, MaxRetryAfter) : null;

    private static TimeSpan Backoff(int failures) => Times(FirstPause, Math.Pow(2, Math.Min(Math.Max(failures - 1, 0), 10)));

    private TimeSpan Remaining(TimeSpan pause, TimeProvider time) => pause - _startedAt.Elapsed(time);

    private static TimeSpan Times(TimeSpan span, double factor) => TimeSpan.FromTicks((long)(span.Ticks * factor));
}

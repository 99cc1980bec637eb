using System;

namespace TokenRefresh.SingleFlight;

/// <summary>A remembered failure: until it is over, no flight is begun and its failure is everybody's.</summary>
internal sealed class CoolDown
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AfterBackground = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AfterMisconfiguration = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromHours(1);

    private readonly FlightFailure _failure;
    private readonly Moment _since;
    private readonly TimeSpan _pause;
    private readonly TimeSpan _backgroundPause;
    private readonly int _failures;

    private CoolDown(FlightFailure failure, Moment since, TimeSpan pause, TimeSpan backgroundPause, int failures)
    {
        _failure = failure;
        _since = since;
        _pause = pause;
        _backgroundPause = backgroundPause;
        _failures = failures;
    }

    public TokenRefreshFailure Kind => _failure.Kind;

    /// <param name="previous">The cool-down of the failure before, if no success came in between.</param>
    /// <param name="failure">The failure to remember.</param>
    /// <param name="cause">Why the failed flight was begun.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">A random number from 0 to 1.</param>
    public static CoolDown After(CoolDown? previous, FlightFailure failure, FlightCause cause, TimeProvider time, double random)
    {
        var failures = (previous?._failures ?? 0) + 1;
        var spread = 0.8 + 0.4 * random;
        var pause = failure switch
        {
            { RetryAfter: { } wanted } => wanted,
            { Kind: TokenRefreshFailure.Configuration } => AfterMisconfiguration,
            _ => Times(Shorter(Times(First, Math.Pow(2, Math.Min(failures - 1, 10))), Longest), spread),
        };
        var background = cause == FlightCause.Ahead ? Times(AfterBackground, spread) : TimeSpan.Zero;
        return new CoolDown(failure, Moment.Now(time), pause, background > pause ? background : pause, failures);
    }

    /// <summary>The failure that holds back a flight of this cause, and for how long it still does; <see langword="null"/>: go.</summary>
    public FlightFailure? Holds(FlightCause cause, TimeProvider time)
    {
        if (cause == FlightCause.Forced && _failure.RetryAfter is null)
        {
            return null;
        }

        var rest = (cause == FlightCause.Ahead ? _backgroundPause : _pause) - _since.Elapsed(time);
        return rest > TimeSpan.Zero ? _failure with { Rest = rest } : null;
    }

    /// <summary>A server's <c>Retry-After</c>, as far as it is believed: by this process and by all who share the store.</summary>
    public static TimeSpan? Believed(TimeSpan? retryAfter) => retryAfter is { } wanted ? Shorter(wanted, LongestRetryAfter) : null;

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static TimeSpan Times(TimeSpan span, double factor) => TimeSpan.FromTicks((long)(span.Ticks * factor));
}

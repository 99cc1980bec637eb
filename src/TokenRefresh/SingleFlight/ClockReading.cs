namespace TokenRefresh.SingleFlight;

/// <summary>One reading of both clocks. The time since then is the longer of the times by the two clocks.</summary>
/// <param name="Timestamp">The steady clock. It may stand still while the machine sleeps.</param>
/// <param name="Utc">The wall clock. It may be set forwards and back.</param>
internal readonly record struct ClockReading(long Timestamp, DateTime Utc)
{
    /// <summary>No reading was taken.</summary>
    public static ClockReading Never => default;

    public bool WasTaken => Utc != default;

    public static ClockReading Now(TimeProvider time) => new(time.GetTimestamp(), time.GetUtcNow().UtcDateTime);

    /// <summary>The reading of some time ago.</summary>
    public static ClockReading Ago(TimeSpan age, TimeProvider time) =>
        new(time.GetTimestamp() - (long)(age.TotalSeconds * time.TimestampFrequency), time.GetUtcNow().UtcDateTime - age);

    /// <summary>The time since this reading by the steady clock alone, which can't be set.</summary>
    public TimeSpan SteadyElapsed(TimeProvider time) => time.GetElapsedTime(Timestamp);

    /// <summary>
    /// The time since this reading. It can be too long if the wall clock was set, but not too short: then a token is refreshed too early,
    /// once.
    /// </summary>
    public TimeSpan Elapsed(TimeProvider time)
    {
        var steady = time.GetElapsedTime(Timestamp);
        var wall = time.GetUtcNow().UtcDateTime - Utc;
        return steady > wall ? steady : wall;
    }
}

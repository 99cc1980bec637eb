using System;

namespace TokenRefresh.SingleFlight;

/// <summary>A point in time that survives a wrong clock: how long ago it was is the most that either clock says.</summary>
internal readonly record struct Moment(long Timestamp, DateTime Utc)
{
    public static Moment Now(TimeProvider time) => new(time.GetTimestamp(), time.GetUtcNow().UtcDateTime);

    // The wall clock may jump either way, the steady one may stand still while the machine sleeps. Whoever counted more is believed:
    // the worst that comes of it is one refresh too early.
    public TimeSpan Elapsed(TimeProvider time)
    {
        var steady = time.GetElapsedTime(Timestamp);
        var wall = time.GetUtcNow().UtcDateTime - Utc;
        return steady > wall ? steady : wall;
    }
}

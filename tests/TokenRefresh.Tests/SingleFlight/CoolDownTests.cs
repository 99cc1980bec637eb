using Microsoft.Extensions.Time.Testing;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Tests.SingleFlight;

/// <summary>How long a failure blocks the next call.</summary>
public sealed class CoolDownTests
{
    private static readonly FlightFailure Transient = new(TokenRefreshFailure.Transient, "x");
    private static readonly FlightFailure Configuration = new(TokenRefreshFailure.Configuration, "x");

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 4)]
    [InlineData(5, 16)]
    [InlineData(6, 30)]
    [InlineData(50, 30)]
    public void Each_failure_in_a_row_doubles_the_pause_up_to_half_a_minute(int failures, double seconds)
    {
        var coolDown = Fail(Transient, FlightReason.Rejected, failures);

        Assert.Equal(seconds, Remaining(coolDown, FlightReason.Rejected));
    }

    [Theory]
    [InlineData(0, 0.8)]
    [InlineData(0.5, 1)]
    [InlineData(1, 1.2)]
    public void A_pause_is_spread_by_a_fifth(double random, double seconds) =>
        Assert.Equal(seconds, Remaining(CoolDown.After(null, Transient, FlightReason.Expired, _time, random), FlightReason.Expired));

    [Theory]
    [InlineData("Proactive", "Proactive", 30d)]
    [InlineData("Proactive", "Expired", 1d)]
    [InlineData("Expired", "Proactive", 1d)]
    [InlineData("FirstUse", "Proactive", 1d)]
    [InlineData("Proactive", "Requested", null)]
    [InlineData("Rejected", "Rejected", 1d)]
    public void A_proactive_failure_delays_the_next_proactive_refresh_for_longer(string failed, string next, double? seconds) =>
        Assert.Equal(seconds, Remaining(Fail(Transient, Reason(failed), 1), Reason(next)));

    [Theory]
    [InlineData("Proactive", 60d)]
    [InlineData("Expired", 60d)]
    [InlineData("Requested", null)]
    public void A_configuration_failure_blocks_for_a_minute_or_until_the_app_requests_a_refresh(string next, double? seconds) =>
        Assert.Equal(seconds, Remaining(Fail(Configuration, FlightReason.Proactive, 3), Reason(next)));

    [Theory]
    [InlineData("Proactive")]
    [InlineData("Expired")]
    [InlineData("Requested")]
    public void The_pause_of_a_Retry_After_blocks_every_reason(string next) =>
        Assert.Equal(90, Remaining(Fail(Transient with { RetryAfter = TimeSpan.FromSeconds(90) }, FlightReason.Proactive, 2), Reason(next)));

    [Fact]
    public void A_pause_is_counted_from_the_failure()
    {
        var coolDown = Fail(Transient, FlightReason.Expired, 1);

        _time.Advance(TimeSpan.FromSeconds(0.75));
        Assert.Equal(0.25, Remaining(coolDown, FlightReason.Expired));
        _time.Advance(TimeSpan.FromSeconds(0.25));

        Assert.False(coolDown.Blocks(FlightReason.Expired, _time, out _));
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData(5d, 5d)]
    [InlineData(3600d, 3600d)]
    [InlineData(86400d, 3600d)]
    [InlineData(0d, null)]
    [InlineData(-5d, null)]
    public void A_Retry_After_is_capped_at_one_hour(double? asked, double? capped) =>
        Assert.Equal(capped, CoolDown.CapRetryAfter(asked is { } seconds ? TimeSpan.FromSeconds(seconds) : null)?.TotalSeconds);

    [Fact]
    [Trait("Case", "A17")]
    public void Proactive_failures_do_not_lengthen_the_pause_of_requests()
    {
        var coolDown = Fail(Transient, FlightReason.Proactive, 6);

        Assert.Equal(1, Remaining(coolDown, FlightReason.Expired));
    }

    [Fact]
    [Trait("Case", "A17")]
    public void Only_failures_that_a_request_waited_for_count_in_a_row()
    {
        var first = CoolDown.After(Fail(Transient, FlightReason.Proactive, 6), Transient, FlightReason.Expired, _time, 0.5);
        var second = CoolDown.After(first, Transient, FlightReason.Expired, _time, 0.5);

        Assert.Equal(1, Remaining(first, FlightReason.Expired));
        Assert.Equal(2, Remaining(second, FlightReason.Expired));
    }

    [Fact]
    [Trait("Case", "A17")]
    public void A_proactive_failure_keeps_the_rest_of_the_pause_of_requests()
    {
        var coolDown = Fail(Transient, FlightReason.Expired, 4);
        _time.Advance(TimeSpan.FromSeconds(3));

        coolDown = CoolDown.After(coolDown, Transient, FlightReason.Proactive, _time, 0.5);

        Assert.Equal(5, Remaining(coolDown, FlightReason.Expired));
    }

    [Theory]
    [Trait("Case", "B03")]
    [InlineData(9, 30)]
    [InlineData(10, 120)]
    public void After_ten_minutes_of_failures_the_pause_grows_to_two_minutes(int minutes, double seconds)
    {
        var coolDown = Fail(Transient, FlightReason.Expired, 8);
        var since = coolDown.FailingSince;
        _time.Advance(TimeSpan.FromMinutes(minutes));

        coolDown = CoolDown.After(coolDown, Transient, FlightReason.Expired, _time, 0.5);

        Assert.Equal(seconds, Remaining(coolDown, FlightReason.Expired));
        Assert.Equal(since, coolDown.FailingSince);
    }

    [Fact]
    [Trait("Case", "A14")]
    public void A_cool_down_allows_a_look_into_the_store_once_a_second()
    {
        var coolDown = Fail(Transient with { RetryAfter = TimeSpan.FromHours(1) }, FlightReason.Expired, 1);

        Assert.False(coolDown.TryLook(_time));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(coolDown.TryLook(_time));
        Assert.False(coolDown.TryLook(_time));
    }

    // By name: the type isn't public, and a test's parameters are.
    private static FlightReason Reason(string name) => Enum.Parse<FlightReason>(name);

    private double? Remaining(CoolDown coolDown, FlightReason reason) =>
        coolDown.Blocks(reason, _time, out var failure) ? failure.Remaining?.TotalSeconds : null;

    private CoolDown Fail(FlightFailure failure, FlightReason reason, int times)
    {
        CoolDown? last = null;
        for (var i = 0; i < times; i++)
        {
            last = CoolDown.After(last, failure, reason, _time, 0.5);
        }

        return last!;
    }
}

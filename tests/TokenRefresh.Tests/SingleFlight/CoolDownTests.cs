using System;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.SingleFlight;
using Xunit;

namespace TokenRefresh.Tests.SingleFlight;

/// <summary>How long a failure holds the next flight back.</summary>
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
        var coolDown = Fail(Transient, FlightCause.Rejected, failures);

        Assert.Equal(seconds, Rest(coolDown, FlightCause.Rejected));
    }

    [Theory]
    [InlineData(0, 0.8)]
    [InlineData(0.5, 1)]
    [InlineData(1, 1.2)]
    public void A_pause_is_spread_by_a_fifth(double random, double seconds) =>
        Assert.Equal(seconds, Rest(CoolDown.After(null, Transient, FlightCause.Expired, _time, random), FlightCause.Expired));

    [Theory]
    [InlineData("Ahead", "Ahead", 30d)]
    [InlineData("Ahead", "Expired", 1d)]
    [InlineData("Expired", "Ahead", 1d)]
    [InlineData("Load", "Ahead", 1d)]
    [InlineData("Ahead", "Forced", null)]
    [InlineData("Rejected", "Rejected", 1d)]
    public void What_failed_ahead_waits_longer_before_it_is_tried_ahead_again(string failed, string next, double? seconds) =>
        Assert.Equal(seconds, Rest(Fail(Transient, Cause(failed), 1), Cause(next)));

    [Theory]
    [InlineData("Ahead", 60d)]
    [InlineData("Expired", 60d)]
    [InlineData("Forced", null)]
    public void What_is_set_up_wrongly_waits_a_minute_or_for_the_app(string next, double? seconds) =>
        Assert.Equal(seconds, Rest(Fail(Configuration, FlightCause.Ahead, 3), Cause(next)));

    [Theory]
    [InlineData("Ahead")]
    [InlineData("Expired")]
    [InlineData("Forced")]
    public void A_pause_that_the_server_asked_for_binds_everybody(string next) =>
        Assert.Equal(90, Rest(Fail(Transient with { RetryAfter = TimeSpan.FromSeconds(90) }, FlightCause.Ahead, 2), Cause(next)));

    [Fact]
    public void A_pause_is_over_at_its_end_and_counted_from_the_failure()
    {
        var coolDown = Fail(Transient, FlightCause.Expired, 1);

        _time.Advance(TimeSpan.FromSeconds(0.75));
        Assert.Equal(0.25, Rest(coolDown, FlightCause.Expired));
        _time.Advance(TimeSpan.FromSeconds(0.25));

        Assert.Null(coolDown.Holds(FlightCause.Expired, _time));
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData(5d, 5d)]
    [InlineData(3600d, 3600d)]
    [InlineData(86400d, 3600d)]
    public void A_server_is_believed_for_an_hour(double? asked, double? believed) =>
        Assert.Equal(believed, CoolDown.Believed(asked is { } seconds ? TimeSpan.FromSeconds(seconds) : null)?.TotalSeconds);

    // By name: the type isn't public, and a test's parameters are.
    private static FlightCause Cause(string name) => Enum.Parse<FlightCause>(name);

    private double? Rest(CoolDown coolDown, FlightCause cause) => coolDown.Holds(cause, _time)?.Rest?.TotalSeconds;

    private CoolDown Fail(FlightFailure failure, FlightCause cause, int times)
    {
        CoolDown? last = null;
        for (var i = 0; i < times; i++)
        {
            last = CoolDown.After(last, failure, cause, _time, 0.5);
        }

        return last!;
    }
}

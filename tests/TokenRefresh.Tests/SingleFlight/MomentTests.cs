using System;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.SingleFlight;
using TokenRefresh.Tests.Support;
using Xunit;

namespace TokenRefresh.Tests.SingleFlight;

public sealed class MomentTests
{
    [Theory]
    [InlineData(0, 0, 10)]
    [InlineData(3600, 0, 3610)]
    [InlineData(-3600, 0, 10)]
    [InlineData(0, 60, 70)]
    public void As_much_time_has_gone_by_as_the_clock_says_that_counted_more(int jump, int sleep, int expected)
    {
        var right = new FakeTimeProvider(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var clock = new WrongTime(right);
        var moment = Moment.Now(clock);

        right.Advance(TimeSpan.FromSeconds(10));
        clock.Ahead = TimeSpan.FromSeconds(jump);
        clock.Sleep(TimeSpan.FromSeconds(sleep));

        Assert.Equal(expected, moment.Elapsed(clock).TotalSeconds);
    }
}

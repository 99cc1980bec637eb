using Microsoft.Extensions.Time.Testing;
using TokenRefresh.SingleFlight;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.SingleFlight;

public sealed class ClockReadingTests
{
    [Theory]
    [InlineData(0, 0, 10)]
    [InlineData(3600, 0, 3610)]
    [InlineData(-3600, 0, 10)]
    [InlineData(0, 60, 70)]
    public void Elapsed_time_is_the_longer_of_what_the_two_clocks_say(int jump, int sleep, int expected)
    {
        var right = new FakeTimeProvider(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var clock = new WrongTime(right);
        var reading = ClockReading.Now(clock);

        right.Advance(TimeSpan.FromSeconds(10));
        clock.Ahead = TimeSpan.FromSeconds(jump);
        clock.Sleep(TimeSpan.FromSeconds(sleep));

        Assert.Equal(expected, reading.Elapsed(clock).TotalSeconds);
    }
}

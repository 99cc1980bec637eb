using TokenRefresh.SingleFlight;

namespace TokenRefresh.Tests.SingleFlight;

public sealed class TokenScheduleTests
{
    private static readonly DateTime Received = new(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    [Theory]
    [InlineData(null, null, 300, 240, 285)]
    [InlineData(30, null, 300, 270, 285)]
    [InlineData(1, null, 300, 299, 299)]
    [InlineData(0, null, 300, 285, 285)]
    [InlineData(200, null, 300, 150, 285)]
    [InlineData(null, 20, 300, 240, 280)]
    [InlineData(60, 40, 300, 240, 260)]
    [InlineData(null, null, 7200, 6900, 7170)]
    public void A_token_is_refreshed_ahead_and_held_back_as_its_options_and_its_life_say(int? window, int? buffer, int life, int refreshAt, int staleAt)
    {
        var options = new TokenRefreshOptions { RefreshWindow = Seconds(window), ExpiryBuffer = Seconds(buffer) };

        var schedule = TokenSchedule.For(Received, TimeSpan.FromSeconds(life), options, jitter: 0);

        Assert.Equal(new TokenSchedule(Received.AddSeconds(refreshAt), Received.AddSeconds(staleAt), Received.AddSeconds(life)), schedule);
    }

    [Fact]
    public void Jitter_moves_the_refresh_towards_earlier_by_a_tenth_of_the_window_at_most()
    {
        var schedule = TokenSchedule.For(Received, TimeSpan.FromSeconds(300), new TokenRefreshOptions(), jitter: 1);

        Assert.Equal((Received.AddSeconds(234), Received.AddSeconds(285)), (schedule.RefreshAt, schedule.StaleAt));
    }

    private static TimeSpan? Seconds(int? count) => count is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
}

using System.Globalization;
using TokenRefresh.TestKit;
using TokenRefresh.Testing;

namespace TokenRefresh.ProcessTests;

/// <summary>Real processes of machines whose clocks are ten minutes apart: times are those of the server that they share.</summary>
[Trait("Case", "C4")]
public sealed class ClockCases
{
    private static readonly int[] Clocks = [-600, 0, 600];

    [Theory]
    [InlineData("redis")]
    [InlineData("postgres")]
    public async Task Processes_whose_clocks_differ_send_no_refresh_token_twice(string store)
    {
        await using var place = await SharedPlace.CreateAsync(store);
        using var tokens = new FakeTokenServer(TimeProvider.System, TokenServerMode.ReuseRevokesFamily);
        using var server = new LoopbackTokenServer(tokens);
        await place.SignInAsync(tokens.Issue());

        var said = await Task.WhenAll(Clocks.Select(clock => Node.RunAsync(
            place.Argument, $"endpoint={server.Endpoint}", "do=refresh", "rounds=10", "clock=" + clock.ToString(CultureInfo.InvariantCulture))));

        Assert.All(said, lines => Assert.Equal(Enumerable.Repeat("refreshed", 10), lines));
        Assert.Equal(0, tokens.ReusedRefreshTokenCount);
        Assert.Equal(1, tokens.PeakInFlight);
    }
}

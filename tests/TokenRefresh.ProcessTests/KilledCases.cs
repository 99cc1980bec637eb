using TokenRefresh.TestKit;
using TokenRefresh.Testing;

namespace TokenRefresh.ProcessTests;

/// <summary>Real processes that share one saved login, some of them killed hard in mid-refresh.</summary>
[Trait("Case", "C4")]
public sealed class KilledCases
{
    [Theory]
    [InlineData("file", "locked", TokenServerMode.ReuseIsRejected, new[] { "refresh-1" })]
    [InlineData("file", "asking", TokenServerMode.ReuseIsRejected, new[] { "refresh-1" })]
    [InlineData("file", "claimed", TokenServerMode.ReuseIsRejected, new[] { "refresh-1" })]
    [InlineData("file", "answered", TokenServerMode.ReuseWithinGracePeriod, new[] { "refresh-1", "refresh-1" })]
    [InlineData("file", "saved", TokenServerMode.ReuseIsRejected, new[] { "refresh-1", "refresh-2" })]
    [InlineData("redis", "asking", TokenServerMode.ReuseIsRejected, new[] { "refresh-1" })]
    [InlineData("redis", "claimed", TokenServerMode.ReuseIsRejected, new[] { "refresh-1" })]
    [InlineData("redis", "answered", TokenServerMode.ReuseWithinGracePeriod, new[] { "refresh-1", "refresh-1" })]
    [InlineData("redis", "saved", TokenServerMode.ReuseIsRejected, new[] { "refresh-1", "refresh-2" })]
    [InlineData("postgres", "asking", TokenServerMode.ReuseIsRejected, new[] { "refresh-1" })]
    [InlineData("postgres", "claimed", TokenServerMode.ReuseIsRejected, new[] { "refresh-1" })]
    [InlineData("postgres", "answered", TokenServerMode.ReuseWithinGracePeriod, new[] { "refresh-1", "refresh-1" })]
    [InlineData("postgres", "saved", TokenServerMode.ReuseIsRejected, new[] { "refresh-1", "refresh-2" })]
    public async Task After_a_leader_was_killed_the_next_process_refreshes(string store, string step, TokenServerMode mode, string[] presented)
    {
        await using var login = await SharedLogin.CreateAsync(store, mode);
        await login.KillAtAsync(step);

        var said = await login.RefreshAsync();

        Assert.Equal(["refreshed"], said);
        Assert.Equal(presented, login.Tokens.ReceivedRefreshTokens);
    }

    [Theory]
    [MemberData(nameof(SharedPlace.All), MemberType = typeof(SharedPlace))]
    public async Task A_pair_that_died_with_its_process_costs_one_new_sign_in_and_no_loop(string store)
    {
        await using var login = await SharedLogin.CreateAsync(store, TokenServerMode.ReuseIsRejected);
        await login.KillAtAsync("answered");

        var first = await login.RefreshAsync();
        var second = await login.RefreshAsync();

        // The event is raised outside the flight: the caller's exception may come first.
        Assert.Equal(["event LostRotation", "failed ReLoginRequired"], first.Order(StringComparer.Ordinal));
        Assert.Equal("failed ReLoginRequired", second[^1]);
        Assert.Equal(["refresh-1", "refresh-1"], login.Tokens.ReceivedRefreshTokens);
    }

    [Theory]
    [MemberData(nameof(SharedPlace.All), MemberType = typeof(SharedPlace))]
    public async Task Processes_side_by_side_present_no_refresh_token_twice(string store)
    {
        await using var login = await SharedLogin.CreateAsync(store, TokenServerMode.ReuseRevokesFamily);

        var said = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => login.RefreshAsync(rounds: 10)));

        Assert.All(said, lines => Assert.Equal(Enumerable.Repeat("refreshed", 10), lines));
        Assert.Equal(0, login.Tokens.ReusedRefreshTokenCount);
        Assert.Equal(1, login.Tokens.PeakInFlight);
    }
}

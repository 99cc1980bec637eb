using TokenRefresh.Testing;

namespace TokenRefresh.ProcessTests;

/// <summary>Real processes that share one saved login, and a leader among them that stands still in mid-refresh.</summary>
[Trait("Case", "C4")]
public sealed class SleepingLeaderCases
{
    [Theory]
    [InlineData("redis")]
    [InlineData("postgres")]
    public async Task A_leader_that_stood_still_past_its_lease_doesnt_overwrite_newer_tokens(string store)
    {
        await using var login = await SharedLogin.CreateAsync(store, TokenServerMode.ReuseWithinGracePeriod);
        using var sleeper = login.Start("answered", timeout: 3);
        Assert.Equal("stopped", await sleeper.ReadLineAsync());
        sleeper.Stop();

        // Its lease has to end first: the store's clock counts, and that is the real one.
        var said = await login.RefreshAsync(rounds: 2);
        sleeper.Continue();
        sleeper.GoOn();
        var late = await sleeper.ReadToEndAsync();

        Assert.Equal(["refreshed", "refreshed"], said);
        Assert.Equal(["refreshed"], late);
        Assert.Equal(["refresh-1", "refresh-1", "refresh-2"], login.Tokens.ReceivedRefreshTokens);
        Assert.Equal(["refreshed"], await login.RefreshAsync());
        Assert.Equal("refresh-3", login.Tokens.ReceivedRefreshTokens[^1]);
    }

    [Theory]
    [InlineData("redis")]
    [InlineData("postgres")]
    public async Task A_leader_that_stood_still_past_its_lease_brings_a_dead_login_back(string store)
    {
        await using var login = await SharedLogin.CreateAsync(store, TokenServerMode.ReuseIsRejected);
        using var sleeper = login.Start("answered", timeout: 3);
        Assert.Equal("stopped", await sleeper.ReadLineAsync());
        sleeper.Stop();
        Assert.Equal(["event LostRotation", "failed ReLoginRequired"], await login.RefreshAsync());

        sleeper.Continue();
        sleeper.GoOn();
        var late = await sleeper.ReadToEndAsync();

        // It is the only one that has the pair the server gave.
        Assert.Equal(["refreshed"], late);
        Assert.Equal(["refreshed"], await login.RefreshAsync());
        Assert.Equal(["refresh-1", "refresh-1", "refresh-2"], login.Tokens.ReceivedRefreshTokens);
    }
}

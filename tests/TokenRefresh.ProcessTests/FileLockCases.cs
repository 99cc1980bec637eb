using TokenRefresh.TestKit;
using TokenRefresh.Testing;

namespace TokenRefresh.ProcessTests;

/// <summary>Over files, a lock of the operating system says at once whether the leader is still alive.</summary>
[Trait("Case", "C4")]
public sealed class FileLockCases
{
    [Theory]
    [InlineData("claimed", TokenServerMode.ReuseIsRejected, new[] { "refresh-1" })]
    [InlineData("answered", TokenServerMode.ReuseWithinGracePeriod, new[] { "refresh-1", "refresh-1" })]
    public async Task Over_files_a_process_that_waits_for_a_leader_refreshes_within_a_second_of_its_kill(
        string step, TokenServerMode mode, string[] presented)
    {
        await using var login = await SharedLogin.CreateAsync("file", mode);
        using var leader = login.Start(step, timeout: 30);
        Assert.Equal("stopped", await leader.ReadLineAsync());
        var waiting = new WaitLog();
        await using var session = login.Open(waiting);
        var refresh = session.RefreshAsync();
        await waiting.Waits.ArrivedAsync(1);
        Assert.False(refresh.IsCompleted);

        var start = TimeProvider.System.GetTimestamp();
        await leader.KillAsync();
        await refresh.WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.InRange(TimeProvider.System.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.Equal(presented, login.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    public async Task Over_files_a_process_that_starts_after_the_kill_of_a_leader_refreshes_within_a_second()
    {
        await using var login = await SharedLogin.CreateAsync("file", TokenServerMode.ReuseWithinGracePeriod);
        using (var leader = login.Start("answered", timeout: 30))
        {
            Assert.Equal("stopped", await leader.ReadLineAsync());
            await leader.KillAsync();
        }

        await using var session = login.Open(new WaitLog());
        var start = TimeProvider.System.GetTimestamp();
        await session.RefreshAsync();

        Assert.InRange(TimeProvider.System.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.Equal(["refresh-1", "refresh-1"], login.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    public async Task Over_files_a_leader_that_stands_still_past_its_lease_is_not_overtaken()
    {
        await using var login = await SharedLogin.CreateAsync("file", TokenServerMode.ReuseIsRejected);
        using var sleeper = login.Start("answered", timeout: 3);
        Assert.Equal("stopped", await sleeper.ReadLineAsync());
        sleeper.Stop();
        var waiting = new WaitLog();
        await using var session = login.Open(waiting);

        // The lease lasts for 8 s: the timeout and 5 s more. The other process looks every 100 ms, and is held up by the lock alone.
        var refresh = session.RefreshAsync();
        await waiting.Waits.ArrivedAsync(100);
        sleeper.Continue();
        sleeper.GoOn();
        await refresh.WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(["refresh-1"], login.Tokens.ReceivedRefreshTokens);
        Assert.Equal("access-2", await session.GetAccessTokenAsync());
    }
}

using System;
using System.Linq;
using System.Threading.Tasks;
using TokenRefresh.TestKit;
using TokenRefresh.Testing;
using Xunit;

namespace TokenRefresh.ProcessTests;

/// <summary>Real processes that share one saved login, some of them killed hard, or standing still, in mid-refresh.</summary>
[Trait("Case", "C4")]
public sealed class KilledCases
{
    [Theory]
    [InlineData("file", "locked", TokenServerMode.Strict, new[] { "refresh-1" })]
    [InlineData("file", "asking", TokenServerMode.Strict, new[] { "refresh-1" })]
    [InlineData("file", "claimed", TokenServerMode.Strict, new[] { "refresh-1" })]
    [InlineData("file", "answered", TokenServerMode.Grace, new[] { "refresh-1", "refresh-1" })]
    [InlineData("file", "saved", TokenServerMode.Strict, new[] { "refresh-1", "refresh-2" })]
    [InlineData("redis", "asking", TokenServerMode.Strict, new[] { "refresh-1" })]
    [InlineData("redis", "claimed", TokenServerMode.Strict, new[] { "refresh-1" })]
    [InlineData("redis", "answered", TokenServerMode.Grace, new[] { "refresh-1", "refresh-1" })]
    [InlineData("redis", "saved", TokenServerMode.Strict, new[] { "refresh-1", "refresh-2" })]
    public async Task After_a_leader_was_killed_the_next_process_refreshes(string store, string step, TokenServerMode mode, string[] presented)
    {
        await using var login = await Login.CreateAsync(store, mode);
        await login.KillAtAsync(step);

        var said = await login.RefreshAsync();

        Assert.Equal(["refreshed"], said);
        Assert.Equal(presented, login.Tokens.Presented);
    }

    [Theory]
    [MemberData(nameof(SharedPlace.All), MemberType = typeof(SharedPlace))]
    public async Task A_pair_that_died_with_its_process_costs_one_new_sign_in_and_no_loop(string store)
    {
        await using var login = await Login.CreateAsync(store, TokenServerMode.Strict);
        await login.KillAtAsync("answered");

        var first = await login.RefreshAsync();
        var second = await login.RefreshAsync();

        Assert.Equal(["event LostRotation", "failed ReLoginRequired"], first);
        Assert.Equal("failed ReLoginRequired", second[^1]);
        Assert.Equal(["refresh-1", "refresh-1"], login.Tokens.Presented);
    }

    [Theory]
    [MemberData(nameof(SharedPlace.All), MemberType = typeof(SharedPlace))]
    public async Task Processes_side_by_side_present_no_refresh_token_twice(string store)
    {
        await using var login = await Login.CreateAsync(store, TokenServerMode.Family);

        var said = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => login.RefreshAsync(rounds: 10)));

        Assert.All(said, lines => Assert.Equal(Enumerable.Repeat("refreshed", 10), lines));
        Assert.Equal(0, login.Tokens.PresentedTwice);
        Assert.Equal(1, login.Tokens.PeakInFlight);
    }

    [Theory]
    [MemberData(nameof(SharedPlace.All), MemberType = typeof(SharedPlace))]
    public async Task A_leader_that_stood_still_past_its_lease_doesnt_overwrite_newer_tokens(string store)
    {
        await using var login = await Login.CreateAsync(store, TokenServerMode.Grace);
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
        Assert.Equal(["refresh-1", "refresh-1", "refresh-2"], login.Tokens.Presented);
        Assert.Equal(["refreshed"], await login.RefreshAsync());
        Assert.Equal("refresh-3", login.Tokens.Presented[^1]);
    }

    [Theory]
    [MemberData(nameof(SharedPlace.All), MemberType = typeof(SharedPlace))]
    public async Task A_leader_that_stood_still_past_its_lease_brings_a_dead_login_back(string store)
    {
        await using var login = await Login.CreateAsync(store, TokenServerMode.Strict);
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
        Assert.Equal(["refresh-1", "refresh-1", "refresh-2"], login.Tokens.Presented);
    }

    /// <summary>A login in a shared place, before a token server that other processes reach.</summary>
    private sealed class Login : IAsyncDisposable
    {
        private readonly SharedPlace _place;
        private readonly LoopbackTokenServer _server;

        private Login(SharedPlace place, FakeTokenServer tokens)
        {
            _place = place;
            Tokens = tokens;
            _server = new LoopbackTokenServer(tokens);
        }

        public FakeTokenServer Tokens { get; }

        public static async Task<Login> CreateAsync(string store, TokenServerMode mode)
        {
            var login = new Login(await SharedPlace.CreateAsync(store), new FakeTokenServer(TimeProvider.System, mode));
            await login._place.SignInAsync(login.Tokens.Issue());
            return login;
        }

        /// <summary>A short deadline means a short lease: whoever dies or sleeps is to be survived soon.</summary>
        public Node Start(string step, double timeout) =>
            Node.Start(_place.Argument, $"endpoint={_server.Endpoint}", step == "locked" ? "do=hold-lock" : "do=refresh", "rounds=1", $"step={step}", $"timeout={timeout}");

        public async Task KillAtAsync(string step)
        {
            using var node = Start(step, timeout: 3);
            Assert.Equal("stopped", await node.ReadLineAsync());
            await node.KillAsync();
        }

        public Task<System.Collections.Generic.IReadOnlyList<string>> RefreshAsync(int rounds = 1) =>
            Node.RunAsync(_place.Argument, $"endpoint={_server.Endpoint}", "do=refresh", $"rounds={rounds}");

        public async ValueTask DisposeAsync()
        {
            _server.Dispose();
            Tokens.Dispose();
            await _place.DisposeAsync();
        }
    }
}

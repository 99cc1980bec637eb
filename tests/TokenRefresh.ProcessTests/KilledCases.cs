using System;
using System.Linq;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
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
    [InlineData("postgres", "asking", TokenServerMode.Strict, new[] { "refresh-1" })]
    [InlineData("postgres", "claimed", TokenServerMode.Strict, new[] { "refresh-1" })]
    [InlineData("postgres", "answered", TokenServerMode.Grace, new[] { "refresh-1", "refresh-1" })]
    [InlineData("postgres", "saved", TokenServerMode.Strict, new[] { "refresh-1", "refresh-2" })]
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

        // The event is raised outside the flight: the caller's exception may come first.
        Assert.Equal(["event LostRotation", "failed ReLoginRequired"], first.Order(StringComparer.Ordinal));
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
    [InlineData("redis")]
    [InlineData("postgres")]
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
    [InlineData("redis")]
    [InlineData("postgres")]
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

    [Theory]
    [InlineData("claimed", TokenServerMode.Strict, new[] { "refresh-1" })]
    [InlineData("answered", TokenServerMode.Grace, new[] { "refresh-1", "refresh-1" })]
    public async Task Over_files_a_process_that_waits_for_a_leader_refreshes_within_a_second_of_its_kill(
        string step, TokenServerMode mode, string[] presented)
    {
        await using var login = await Login.CreateAsync("file", mode);
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
        Assert.Equal(presented, login.Tokens.Presented);
    }

    [Fact]
    public async Task Over_files_a_process_that_starts_after_the_kill_of_a_leader_refreshes_within_a_second()
    {
        await using var login = await Login.CreateAsync("file", TokenServerMode.Grace);
        using (var leader = login.Start("answered", timeout: 30))
        {
            Assert.Equal("stopped", await leader.ReadLineAsync());
            await leader.KillAsync();
        }

        await using var session = login.Open(new WaitLog());
        var start = TimeProvider.System.GetTimestamp();
        await session.RefreshAsync();

        Assert.InRange(TimeProvider.System.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.Equal(["refresh-1", "refresh-1"], login.Tokens.Presented);
    }

    [Fact]
    public async Task Over_files_a_leader_that_stands_still_past_its_lease_is_not_overtaken()
    {
        await using var login = await Login.CreateAsync("file", TokenServerMode.Strict);
        using var sleeper = login.Start("answered", timeout: 1);
        Assert.Equal("stopped", await sleeper.ReadLineAsync());
        sleeper.Stop();
        var waiting = new WaitLog();
        await using var session = login.Open(waiting);

        // The lease lasts for 6 s: the timeout and 5 s more. The other process looks every 100 ms, and is held up by the lock alone.
        var refresh = session.RefreshAsync();
        await waiting.Waits.ArrivedAsync(80);
        sleeper.Continue();
        sleeper.GoOn();
        await refresh.WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(["refresh-1"], login.Tokens.Presented);
        Assert.Equal("access-2", await session.GetAccessTokenAsync());
    }

    /// <summary>Counts how often a session begins to wait for another process.</summary>
    private sealed class WaitLog : ILoggerFactory, ILogger
    {
        public Gate Waits { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Name == "WaitingForOtherProcess")
            {
                _ = Waits.PassAsync();
            }
        }

        public void Dispose()
        {
        }
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

        /// <summary>Opens the login as this process has it.</summary>
        public TokenSession Open(ILoggerFactory log) => TokenSession.Create(
            new TokenRefreshOptions { TokenEndpoint = _server.Endpoint, ClientId = "shop", MinRefreshInterval = TimeSpan.Zero },
            new TokenSessionSettings { Store = _place.Store, AllowUnencryptedStore = true, Name = SharedPlace.Key.SessionName, LoggerFactory = log });

        /// <summary>A short deadline makes a short lease, so that other processes take over soon.</summary>
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

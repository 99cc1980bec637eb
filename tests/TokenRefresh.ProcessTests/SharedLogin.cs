using Microsoft.Extensions.Logging;
using TokenRefresh.TestKit;
using TokenRefresh.Testing;

namespace TokenRefresh.ProcessTests;

/// <summary>A login in a shared place, before a token server that other processes reach.</summary>
internal sealed class SharedLogin : IAsyncDisposable
{
    private readonly SharedPlace _place;
    private readonly LoopbackTokenServer _server;

    private SharedLogin(SharedPlace place, FakeTokenServer tokens)
    {
        _place = place;
        Tokens = tokens;
        _server = new LoopbackTokenServer(tokens);
    }

    public FakeTokenServer Tokens { get; }

    public static async Task<SharedLogin> CreateAsync(string store, TokenServerMode mode)
    {
        var login = new SharedLogin(await SharedPlace.CreateAsync(store), new FakeTokenServer(TimeProvider.System, mode));
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

    public Task<IReadOnlyList<string>> RefreshAsync(int rounds = 1) =>
        Node.RunAsync(_place.Argument, $"endpoint={_server.Endpoint}", "do=refresh", $"rounds={rounds}");

    public async ValueTask DisposeAsync()
    {
        _server.Dispose();
        Tokens.Dispose();
        await _place.DisposeAsync();
    }
}

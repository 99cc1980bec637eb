using System.Collections.Concurrent;
using TokenRefresh.Samples.Servers;
using TokenRefresh.TestKit;

namespace TokenRefresh.ServerTests.Django;

/// <summary>One Django server for each setup, started by the first test that needs it and shared by the rest.</summary>
public sealed class DjangoServers : IAsyncDisposable
{
    private static readonly Dictionary<string, SimpleJwtServerOptions> Setups = new(StringComparer.Ordinal)
    {
        ["stock"] = new(),
        ["stock, checks passwords"] = new() { ChecksRevokeToken = true },
        ["5.4"] = new() { RefreshView = SimpleJwtRefreshView.Version54 },
        ["latest"] = new() { RefreshView = SimpleJwtRefreshView.Latest, ChecksRevokeToken = true },
        ["latest, in German"] = new() { RefreshView = SimpleJwtRefreshView.Latest, ChecksRevokeToken = true, Language = "de-ch" },
        ["own codes"] = new() { RefreshView = SimpleJwtRefreshView.OwnCodes },
        ["standardized errors"] = new() { RefreshView = SimpleJwtRefreshView.Latest, ChecksRevokeToken = true, StandardizesErrors = true },
        ["basic first"] = new() { Authentication = ["basic", "jwt"] },
        ["session first"] = new() { Authentication = ["session", "jwt"] },
        ["default list, then jwt"] = new() { Authentication = ["session", "basic", "jwt"] },
        ["default list, then jwt, in German"] = new() { Authentication = ["session", "basic", "jwt"], Language = "de-ch" },
        ["session first, standardized errors"] = new() { Authentication = ["session", "jwt"], StandardizesErrors = true },
        ["throttled"] = new() { RefreshRate = "1/min" },
        ["sliding"] = new() { UsesSlidingTokens = true },
    };

    private readonly ConcurrentDictionary<string, Lazy<Task<SimpleJwtServer>>> _servers = new(StringComparer.Ordinal);
    private int _users;

    /// <summary>The server with this setup; its counters are at zero. Access tokens live five minutes.</summary>
    public async Task<SimpleJwtServer> GetAsync(string setup)
    {
        Machine.MustHave(SimpleJwtServer.MissingReason);
        var server = await _servers.GetOrAdd(setup, static name => new Lazy<Task<SimpleJwtServer>>(() => StartAsync(name))).Value;
        await server.ResetStatsAsync();
        return server;
    }

    /// <summary>A new user, so that no test sees what another did to its user.</summary>
    public async Task<string> CreateUserAsync(SimpleJwtServer server)
    {
        var user = "user-" + Interlocked.Increment(ref _users);
        await server.CreateUserAsync(user);
        return user;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers.Values)
        {
            await (await server.Value).DisposeAsync();
        }
    }

    private static Task<SimpleJwtServer> StartAsync(string name)
    {
        var options = Setups[name];
        options.AccessTokenLifetime = TimeSpan.FromMinutes(5);
        return SimpleJwtServer.StartAsync(options);
    }
}

namespace TokenRefresh.ServerTests;

/// <summary>Every real server, started by the first test that needs it and shared by the rest.</summary>
public sealed class RealServers : IAsyncDisposable
{
    private readonly Dictionary<(string Name, TimeSpan Lifetime), RealServer> _servers = [];

    /// <summary>The server of this name whose access tokens live this long. Its counters are at zero.</summary>
    public async Task<RealServer> GetAsync(string name, TimeSpan accessTokenLifetime)
    {
        if (!_servers.TryGetValue((name, accessTokenLifetime), out var server))
        {
            _servers[(name, accessTokenLifetime)] = server = await RealServer.StartAsync(name, accessTokenLifetime);
        }

        await server.ResetAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers.Values)
        {
            await server.DisposeAsync();
        }
    }
}

using System;
using System.Collections.Generic;
using System.Threading.Tasks;

namespace TokenRefresh.ServerTests;

/// <summary>Every real server, started by the first test that needs it and shared by the rest.</summary>
public sealed class RealServers : IAsyncDisposable
{
    private readonly Dictionary<string, RealServer> _servers = new(StringComparer.Ordinal);

    /// <summary>The server of this name. Its counters are at zero.</summary>
    public async Task<RealServer> GetAsync(string name)
    {
        if (!_servers.TryGetValue(name, out var server))
        {
            _servers[name] = server = await RealServer.StartAsync(name);
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

using System;
using System.Threading.Tasks;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>One PostgreSQL for all tests, started by the first that needs it: to create its data takes seconds.</summary>
public sealed class StartedPostgres : IAsyncDisposable
{
    private readonly Lazy<Task<PostgresServer>> _server = new(StartAsync);

    public Task<PostgresServer> GetAsync() => _server.Value;

    public async ValueTask DisposeAsync()
    {
        if (_server.IsValueCreated)
        {
            (await _server.Value).Dispose();
        }
    }

    private static async Task<PostgresServer> StartAsync()
    {
        var server = new PostgresServer();
        await server.StartAsync();
        return server;
    }
}

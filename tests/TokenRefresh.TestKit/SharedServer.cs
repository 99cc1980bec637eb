namespace TokenRefresh.TestKit;

/// <summary>A server in a process of its own.</summary>
public interface ITestServer : IDisposable
{
    Task StartAsync();
}

/// <summary>One server for all tests of an assembly. The first test that needs it starts it, because that takes seconds.</summary>
/// <typeparam name="TServer">The server.</typeparam>
public sealed class SharedServer<TServer> : IAsyncDisposable
    where TServer : ITestServer, new()
{
    private readonly Lazy<Task<TServer>> _server = new(StartAsync);

    public Task<TServer> GetAsync() => _server.Value;

    public async ValueTask DisposeAsync()
    {
        if (_server is { IsValueCreated: true, Value.IsFaulted: false })
        {
            (await _server.Value).Dispose();
        }
    }

    private static async Task<TServer> StartAsync()
    {
        var server = new TServer();
        try
        {
            await server.StartAsync();
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }
}

using Garnet;
using StackExchange.Redis;
using TokenRefresh.TestKit;

[assembly: AssemblyFixture(typeof(TokenRefresh.Redis.Tests.GarnetFixture))]
[assembly: AssemblyFixture(typeof(TokenRefresh.Redis.Tests.RedisServerFixture))]
[assembly: AssemblyFixture(typeof(Canary))]

namespace TokenRefresh.Redis.Tests;

/// <summary>A server that speaks Redis, for all tests of this assembly.</summary>
public abstract class ServerFixture : IAsyncLifetime
{
    public virtual int Port { get; } = FreePort.Find();

    /// <summary>Why the tests of this server are skipped, or null.</summary>
    public string? Missing { get; protected set; }

    public string Configuration => $"127.0.0.1:{Port},allowAdmin=true,connectTimeout=2000,abortConnect=false";

    /// <summary>How an app connects: with no more rights than it needs.</summary>
    public virtual string AppConfiguration => Configuration;

    /// <summary>Connects as another process would.</summary>
    public async Task<ConnectionMultiplexer> ConnectAsync()
    {
        await StartIfNeededAsync();
        return await ConnectionMultiplexer.ConnectAsync(AppConfiguration);
    }

    /// <summary>Connects with all rights.</summary>
    public async Task<ConnectionMultiplexer> ConnectAsAdministratorAsync()
    {
        await StartIfNeededAsync();
        return await ConnectionMultiplexer.ConnectAsync(Configuration);
    }

    /// <summary>Skips the test where there is no server, unless servers are required.</summary>
    public void Require() => Machine.MustHave(Missing);

    public abstract ValueTask InitializeAsync();

    public abstract ValueTask DisposeAsync();

    /// <summary>Starts a server that is started only for the tests that need it.</summary>
    protected virtual Task StartIfNeededAsync() => Task.CompletedTask;
}

/// <summary>Microsoft Garnet, inside this process.</summary>
public sealed class GarnetFixture : ServerFixture
{
    private GarnetServer? _server;

    public override async ValueTask InitializeAsync()
    {
        // Only in its transaction mode does Garnet lock the keys of a script for as long as it runs.
        _server = new GarnetServer(["--bind", "127.0.0.1", "--port", $"{Port}", "--lua", "--lua-transaction-mode", "--memory", "64m", "--index", "4m", "--logger-level", "Error"]);
        _server.Start();
        await RedisServer.WaitUntilUpAsync(Port);
    }

    public override ValueTask DisposeAsync()
    {
        _server?.Dispose();
        return default;
    }
}

/// <summary>A real redis-server, started for these tests and ended with them.</summary>
public class RedisServerFixture : ServerFixture
{
    private readonly RedisServer _server = new();

    public override int Port => _server.Port;

    public override async ValueTask InitializeAsync()
    {
        Missing = RedisServer.Missing;
        if (Missing is null)
        {
            await StartAsync();
        }
    }

    public async ValueTask StartAsync() => await _server.StartAsync();

    public void Stop() => _server.Stop();

    /// <summary>Gives a user, whose password is "secret", these rights alone.</summary>
    public async Task SetRightsAsync(string user, IEnumerable<string> rights)
    {
        await using var administrator = await ConnectAsAdministratorAsync();
        object[] arguments = ["SETUSER", user, "reset", "on", ">secret", .. rights];
        await administrator.GetDatabase().ExecuteAsync("ACL", arguments);
    }

    public override ValueTask DisposeAsync()
    {
        _server.Dispose();
        GC.SuppressFinalize(this);
        return default;
    }
}

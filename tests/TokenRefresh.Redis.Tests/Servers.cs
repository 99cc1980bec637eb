using System;
using System.Diagnostics;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Garnet;
using StackExchange.Redis;
using TokenRefresh.TestKit;
using Xunit;

[assembly: AssemblyFixture(typeof(TokenRefresh.Redis.Tests.GarnetFixture))]
[assembly: AssemblyFixture(typeof(TokenRefresh.Redis.Tests.RedisServerFixture))]
[assembly: AssemblyFixture(typeof(Canary))]

namespace TokenRefresh.Redis.Tests;

/// <summary>A server that speaks Redis, for all tests of this assembly.</summary>
public abstract class ServerFixture : IAsyncLifetime
{
    public int Port { get; } = FindPort();

    /// <summary>Why the tests of this server are skipped, or null.</summary>
    public string? Missing { get; protected set; }

    public string Configuration => $"127.0.0.1:{Port},allowAdmin=true,connectTimeout=2000,abortConnect=false";

    /// <summary>Connects as another process would.</summary>
    public Task<ConnectionMultiplexer> ConnectAsync() => ConnectionMultiplexer.ConnectAsync(Configuration);

    /// <summary>Skips the test where there is no server, unless servers are required.</summary>
    public void Require()
    {
        if (Missing is not null && Environment.GetEnvironmentVariable("TOKENREFRESH_REQUIRE_SERVERS") == "1")
        {
            Assert.Fail(Missing);
        }

        Assert.SkipWhen(Missing is not null, Missing ?? "");
    }

    public abstract ValueTask InitializeAsync();

    public abstract ValueTask DisposeAsync();

    protected async Task WaitUntilUpAsync()
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, Port);
                return;
            }
            catch (SocketException) when (TimeProvider.System.GetElapsedTime(start) < Gate.FailSafe)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            }
        }
    }

    private static int FindPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
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
        await WaitUntilUpAsync();
    }

    public override ValueTask DisposeAsync()
    {
        _server?.Dispose();
        return default;
    }
}

/// <summary>A real redis-server, started for these tests and ended with them.</summary>
public sealed class RedisServerFixture : ServerFixture
{
    private const string Executable = "/usr/bin/redis-server";
    private readonly string _directory = Directory.CreateTempSubdirectory("tokenrefresh-redis-").FullName;
    private Process? _process;

    public override ValueTask InitializeAsync()
    {
        if (!File.Exists(Executable))
        {
            Missing = $"{Executable} isn't there. Install Redis to run these tests.";
            return default;
        }

        return StartAsync();
    }

    public async ValueTask StartAsync()
    {
        _process = Process.Start(new ProcessStartInfo(
            Executable, ["--port", $"{Port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", _directory, "--logfile", "redis.log"])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        });
        await WaitUntilUpAsync();
    }

    public void Stop()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process?.Dispose();
        _process = null;
    }

    public override ValueTask DisposeAsync()
    {
        Stop();
        Directory.Delete(_directory, recursive: true);
        return default;
    }
}

using System.Diagnostics;

namespace TokenRefresh.TestKit;

/// <summary>A real Redis Cluster of three masters, each in a process of its own on a free port. The first one has a replica.</summary>
public sealed class RedisCluster : IDisposable
{
    private const string Tool = "/usr/bin/redis-cli";
    private const int Masters = 3;
    private readonly RedisServer[] _servers;

    /// <param name="nodeTimeout">After this time the others replace a node that doesn't answer.</param>
    public RedisCluster(TimeSpan nodeTimeout) => _servers =
    [
        .. Enumerable.Range(0, Masters + 1).Select(_ => new RedisServer(
            "--cluster-enabled", "yes", "--cluster-port", $"{FreePort.Find()}",
            "--cluster-node-timeout", $"{nodeTimeout.TotalMilliseconds}")),
    ];

    /// <summary>The first master has the slots below 5461, and a replica.</summary>
    public RedisServer First => _servers[0];

    public IEnumerable<RedisServer> Servers => _servers;

    public async Task StartAsync()
    {
        foreach (var server in _servers)
        {
            await server.StartAsync();
        }

        string[] addresses = [.. _servers.Select(server => server.Address)];
        await RunAsync(["--cluster", "create", .. addresses[..Masters], "--cluster-yes"]);
        await RunAsync(
            ["--cluster", "add-node", addresses[Masters], addresses[0], "--cluster-slave", "--cluster-master-id", await IdOfAsync(First)]);
        foreach (var server in _servers)
        {
            await UntilAsync(server, ["cluster", "info"], "cluster_state:ok");
            await UntilAsync(server, ["cluster", "nodes"], "slave ");
        }

        await UntilAsync(_servers[Masters], ["info", "replication"], "master_link_status:up");
    }

    /// <summary>Moves a slot of the first master, with its keys, to the second one.</summary>
    public async Task MoveAsync(int slot)
    {
        var (from, to) = (_servers[0], _servers[1]);
        var (fromId, toId) = (await IdOfAsync(from), await IdOfAsync(to));
        await AskAsync(to, "cluster", "setslot", $"{slot}", "importing", fromId);
        await AskAsync(from, "cluster", "setslot", $"{slot}", "migrating", toId);
        var keys = await AskAsync(from, "cluster", "getkeysinslot", $"{slot}", "100");
        foreach (var key in keys.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            await AskAsync(from, "migrate", "127.0.0.1", $"{to.Port}", key, "0", "5000");
        }

        foreach (var server in _servers.Take(Masters).Reverse())
        {
            await AskAsync(server, "cluster", "setslot", $"{slot}", "node", toId);
        }
    }

    public void Dispose()
    {
        foreach (var server in _servers)
        {
            server.Dispose();
        }
    }

    private static async Task UntilAsync(RedisServer server, string[] command, string expected)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!(await AskAsync(server, command)).Contains(expected, StringComparison.Ordinal))
        {
            if (TimeProvider.System.GetElapsedTime(start) > Gate.FailSafe)
            {
                throw new InvalidOperationException($"The cluster didn't start: no '{expected}'.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    private static async Task<string> IdOfAsync(RedisServer server) => (await AskAsync(server, "cluster", "myid")).Trim();

    // With -e, an error of the server is one of the tool.
    private static Task<string> AskAsync(RedisServer server, params string[] command) =>
        RunAsync(["-e", "-p", $"{server.Port}", .. command]);

    private static async Task<string> RunAsync(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Tool, arguments) { RedirectStandardOutput = true, UseShellExecute = false };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{Tool} failed: {output}");
    }
}

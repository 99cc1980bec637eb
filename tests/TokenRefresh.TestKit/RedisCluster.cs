using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Threading.Tasks;

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
        var id = await RunAsync(["-p", $"{First.Port}", "cluster", "myid"]);
        await RunAsync(["--cluster", "add-node", addresses[Masters], addresses[0], "--cluster-slave", "--cluster-master-id", id.Trim()]);
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
        string[] ids =
        [
            (await RunAsync(["-p", $"{_servers[0].Port}", "cluster", "myid"])).Trim(),
            (await RunAsync(["-p", $"{_servers[1].Port}", "cluster", "myid"])).Trim(),
        ];
        await RunAsync(["-p", $"{_servers[1].Port}", "cluster", "setslot", $"{slot}", "importing", ids[0]]);
        await RunAsync(["-p", $"{_servers[0].Port}", "cluster", "setslot", $"{slot}", "migrating", ids[1]]);
        var keys = await RunAsync(["-p", $"{_servers[0].Port}", "cluster", "getkeysinslot", $"{slot}", "100"]);
        foreach (var key in keys.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            await RunAsync(["-p", $"{_servers[0].Port}", "migrate", "127.0.0.1", $"{_servers[1].Port}", key, "0", "5000"]);
        }

        foreach (var server in _servers.Take(Masters).Reverse())
        {
            await RunAsync(["-p", $"{server.Port}", "cluster", "setslot", $"{slot}", "node", ids[1]]);
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
        while (!(await RunAsync(["-p", $"{server.Port}", .. command])).Contains(expected, StringComparison.Ordinal))
        {
            if (TimeProvider.System.GetElapsedTime(start) > Gate.FailSafe)
            {
                throw new InvalidOperationException($"The cluster didn't start: no '{expected}'.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    private static async Task<string> RunAsync(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Tool, arguments) { RedirectStandardOutput = true, UseShellExecute = false };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{Tool} failed: {output}");
    }
}

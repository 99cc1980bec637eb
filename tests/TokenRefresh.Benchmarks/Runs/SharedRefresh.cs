using System.Diagnostics;
using System.Globalization;
using StackExchange.Redis;
using TokenRefresh.TestKit;

namespace TokenRefresh.Benchmarks.Runs;

/// <summary>One refresh that many nodes share over a real redis-server: its round trips, and how long the leader and the last follower take.</summary>
internal static class SharedRefresh
{
    private static readonly TimeSpan RefreshTime = TimeSpan.FromMilliseconds(50);

    public static async Task RunAsync(Report report, bool isSmoke)
    {
        if (RedisServer.Missing is { } missing)
        {
            report.Note($"Redis: not run. {missing}");
            return;
        }

        using var server = new RedisServer();
        await server.StartAsync();
        foreach (var count in isSmoke ? [2] : new[] { 2, 8, 32 })
        {
            report.Add($"redis: {count}", await MeasureAsync(server, count, isSmoke ? 3 : 25));
        }
    }

    private static async Task<Shared> MeasureAsync(RedisServer server, int count, int rounds)
    {
        var endpoint = new Endpoint();
        var name = Guid.NewGuid().ToString("N");
        var connections = new List<ConnectionMultiplexer>();
        var nodes = new List<TokenSession>();
        for (var number = 0; number < count; number++)
        {
            connections.Add(await ConnectionMultiplexer.ConnectAsync(server.Address + ",allowAdmin=true"));
            nodes.Add(TokenSession.Create(
                new TokenRefreshOptions { MinRefreshInterval = TimeSpan.Zero }, new TokenSessionSettings
                {
                    Store = new RedisTokenStore(connections[^1]),
                    TokenEndpoint = endpoint,
                    Name = name,
                    AllowUnencryptedStore = true,
                }));
        }

        await nodes[0].SignInAsync(new TokenSet("access", "refresh"));
        var leaders = new List<double>();
        var followers = new List<double>();
        long scripts = 0;
        for (var round = -1; round < rounds; round++)
        {
            await Task.WhenAll(nodes.Select(node => node.GetAccessTokenAsync()));
            var before = await CountScriptsAsync(connections[0]);
            var times = await Task.WhenAll(nodes.Select(node => Task.Run(async () =>
            {
                var start = Stopwatch.GetTimestamp();
                await node.RefreshAsync();
                return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            })));
            var after = await CountScriptsAsync(connections[0]);
            if (round >= 0)
            {
                leaders.Add(times.Min() - RefreshTime.TotalMilliseconds);
                followers.Add(times.Max() - RefreshTime.TotalMilliseconds);
                scripts += after - before;
            }
        }

        foreach (var (node, connection) in nodes.Zip(connections))
        {
            await node.DisposeAsync();
            await connection.DisposeAsync();
        }

        return new Shared(leaders.Order().ElementAt(rounds / 2), followers.Order().ElementAt(rounds / 2), (double)scripts / rounds, endpoint.Calls - rounds - 1);
    }

    private static async Task<long> CountScriptsAsync(ConnectionMultiplexer connection)
    {
        var statistics = (await connection.GetServers()[0].InfoAsync("commandstats")).SelectMany(group => group);
        return statistics.Where(line => line.Key is "cmdstat_evalsha" or "cmdstat_eval")
            .Sum(line => long.Parse(line.Value.Split(',')[0]["calls=".Length..], CultureInfo.InvariantCulture));
    }

    /// <summary>Milliseconds beside the token call, scripts for all nodes together, and calls beyond one for each expiry.</summary>
    internal sealed record Shared(double Leader, double LastFollower, double Scripts, int CallsTooMany);

    private sealed class Endpoint : ITokenEndpoint
    {
        private int _calls;

        public int Calls => Volatile.Read(ref _calls);

        public async Task<TokenEndpointResult> RequestTokenAsync(TokenEndpointRequest request, CancellationToken cancellationToken)
        {
            var number = Interlocked.Increment(ref _calls);
            await Task.Delay(RefreshTime, TimeProvider.System, cancellationToken);
            return TokenEndpointResult.Succeeded(new TokenSet($"access-{number}", $"refresh-{number}"));
        }
    }
}

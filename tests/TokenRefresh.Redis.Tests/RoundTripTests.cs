using System.Globalization;
using System.Net;
using StackExchange.Redis;
using TokenRefresh.TestKit;

namespace TokenRefresh.Redis.Tests;

/// <summary>What a request costs in round trips, as the server counted them (INFO commandstats).</summary>
public sealed class RoundTripTests : IAsyncLifetime
{
    private readonly RedisServerFixture _server = new();
    private readonly List<ConnectionMultiplexer> _connections = [];

    public async ValueTask InitializeAsync()
    {
        await _server.InitializeAsync();
        _server.Require();
        for (var i = 0; i < 8; i++)
        {
            _connections.Add(await _server.ConnectAsync());
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections)
        {
            await connection.DisposeAsync();
        }

        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_good_token_costs_none()
    {
        await using var cluster = TestCluster.Start(1, Open);
        await cluster.SignInAsync();
        var before = await RoundTripsAsync();

        for (var i = 0; i < 100; i++)
        {
            using var response = await cluster[0].GetAsync();
        }

        Assert.Equal(0, await RoundTripsAsync() - before);
    }

    [Fact]
    public async Task A_leaders_refresh_costs_two()
    {
        await using var cluster = TestCluster.Start(1, Open);
        await cluster.SignInAsync();
        var before = await RoundTripsAsync();

        await cluster.SendRefusedFromAllAsync();

        Assert.Equal(2, await RoundTripsAsync() - before);
    }

    [Fact]
    public async Task A_follower_costs_two_at_most()
    {
        const long Expected = 2 + (7 * 2);

        // On a busy machine a process may end its flight before it has handled the last notification: it reads the record once more.
        var best = long.MaxValue;
        for (var round = 0; round < 3 && best > Expected; round++)
        {
            best = Math.Min(best, await CountOfOneRefreshAsync());
        }

        Assert.Equal(Expected, best);
    }

    private async Task<long> CountOfOneRefreshAsync()
    {
        var leases = new Gate();
        await using var cluster = TestCluster.Start(8, process => new GatedLeases(Open(process), leases));
        await cluster.SignInAsync();
        var before = await RoundTripsAsync();

        // A process that isn't refreshing yet reads the record when it is notified of the lease. That isn't what this test counts.
        var gate = cluster.Tokens.Hold();
        var requests = cluster.SendRefusedFromAllAsync();
        await leases.ArrivedAsync(8);
        leases.Open();
        await gate.ArrivedAsync(1);

        // Every follower waits before the leader's result arrives. This case takes the most round trips.
        await UntilAsync(async () => await RoundTripsAsync() - before >= 8);
        gate.Open();
        var responses = await requests;

        Assert.All(responses, response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
        return await RoundTripsAsync() - before;
    }

    [Fact]
    public async Task A_process_listens_on_one_subscription_however_many_users_it_has()
    {
        await using var cluster = TestCluster.Start(1, Open);
        for (var user = 0; user < 50; user++)
        {
            await new OtherProcess(cluster[0].Store, new TokenSessionKey("orders", "user-" + user)).SignInAsync(new TokenSet("one"));
        }

        var info = await _connections[0].GetServers()[0].SubscriptionSubscriberCountAsync(RedisChannel.Literal("tokenrefresh:changes:0"));

        Assert.Equal(1, info);
    }

    private RedisTokenStore Open(int process) => new(_connections[process]);

    private async Task<long> RoundTripsAsync()
    {
        var stats = await _connections[7].GetServers()[0].InfoAsync("commandstats");

        // What a script calls is counted by the server too, and isn't a round trip; nor is the SCRIPT LOAD that each connection sends
        // once, together with its first call of a script.
        return stats.SelectMany(group => group)
            .Where(entry => entry.Key is "cmdstat_evalsha" or "cmdstat_eval" or "cmdstat_hget")
            .Sum(entry => long.Parse(entry.Value.Split("calls=")[1].Split(',')[0], CultureInfo.InvariantCulture));
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!await condition() && TimeProvider.System.GetElapsedTime(start) < Gate.FailSafe)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }

    private sealed class GatedLeases(RedisTokenStore store, Gate gate) : StoreAround(store), ITokenStoreNotifications
    {
        public IDisposable Subscribe(TokenSessionKey key, Action<string?> changed) => store.Subscribe(key, changed);

        protected override async ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken)
        {
            if (write.Kind == StoreWriteKind.Acquire)
            {
                await gate.PassAsync(cancellationToken);
            }

            return await base.WriteAsync(write, cancellationToken);
        }
    }
}

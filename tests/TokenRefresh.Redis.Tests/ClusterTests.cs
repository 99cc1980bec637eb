using System.Net;
using StackExchange.Redis;
using TokenRefresh.Storage;
using TokenRefresh.TestKit;

[assembly: AssemblyFixture(typeof(TokenRefresh.Redis.Tests.RedisClusterFixture))]

namespace TokenRefresh.Redis.Tests;

/// <summary>A real Redis Cluster, started for the tests that need one.</summary>
public sealed class RedisClusterFixture : ServerFixture
{
    // The nodes of a busy machine must not take each other for dead.
    private readonly RedisCluster _cluster = new(nodeTimeout: TimeSpan.FromSeconds(15));
    private readonly Lazy<Task> _start;

    public RedisClusterFixture() => _start = new Lazy<Task>(_cluster.StartAsync);

    public override int Port => _cluster.First.Port;

    public override ValueTask InitializeAsync()
    {
        Missing = RedisServer.Missing;
        return default;
    }

    public override ValueTask DisposeAsync()
    {
        _cluster.Dispose();
        return default;
    }

    protected override Task StartIfNeededAsync() => _start.Value;
}

[Trait("Case", "S18")]
public sealed class RedisClusterContract(RedisClusterFixture cluster) : RedisContract(cluster);

[Trait("Case", "S18")]
public sealed class SharedLoginInRedisCluster(RedisClusterFixture cluster) : SharedLoginInRedis(cluster);

/// <summary>Redis Cluster: each record is in one slot, and notifications reach the clients of all nodes.</summary>
[Trait("Case", "S18")]
public sealed class ClusterTests(RedisClusterFixture cluster)
{
    // At the most: the first master has one less.
    private const int SlotsOfMaster = 5462;
    private static readonly TimeSpan NoPoll = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task Records_of_every_master_notify_a_client_of_another_node()
    {
        cluster.Require();
        await using var here = await cluster.ConnectAsync();
        await using var there = await cluster.ConnectAsync();
        var options = new RedisTokenStoreOptions { KeyPrefix = $"{Guid.NewGuid():N}:", PollInterval = NoPoll };
        await using var writer = new RedisTokenStore(here, options);
        await using var reader = new RedisTokenStore(there, options);

        // Four records of each master.
        var keys = Enumerable.Range(0, 1000).Select(user => new TokenSessionKey("orders", $"user-{user}"))
            .GroupBy(key => here.HashSlot(writer.KeyOf(key)) / SlotsOfMaster).SelectMany(master => master.Take(4)).ToArray();
        Assert.Equal(12, keys.Length);
        foreach (var key in keys)
        {
            await reader.ReadAsync(key, default);
            var waiting = reader.WaitForChangeAsync(key, null, NoPoll, default).AsTask();

            await writer.CompareExchangeAsync(key, "one", null, null, default);

            await waiting.WaitAsync(Gate.FailSafe, TimeProvider.System);
            Assert.Equal("one", (await reader.ReadAsync(key, default))?.Text);
        }
    }
}

/// <summary>The cluster changes while a refresh is running.</summary>
[Trait("Case", "S18")]
public sealed class ClusterChangeTests : IAsyncLifetime
{
    private const int SlotsOfFirst = 5461;
    private readonly RedisCluster _cluster = new(nodeTimeout: TimeSpan.FromSeconds(2));
    private ConnectionMultiplexer? _connection;

    public async ValueTask InitializeAsync()
    {
        Machine.MustHave(RedisServer.Missing);
        await _cluster.StartAsync();
        var servers = string.Join(',', _cluster.Servers.Select(server => server.Address));
        _connection = await ConnectionMultiplexer.ConnectAsync(servers + ",connectTimeout=1000,asyncTimeout=5000,abortConnect=false");
    }

    public async ValueTask DisposeAsync()
    {
        await (_connection?.DisposeAsync() ?? default);
        _cluster.Dispose();
    }

    [Fact]
    public async Task A_slot_that_moves_during_a_refresh_changes_nothing()
    {
        await using var store = Open();
        await using var app = TestApp.Over(store);
        await app.SignInAsync();
        var (gate, request) = await StartRefreshAsync(app);

        await _cluster.MoveAsync(SlotOf(store));
        gate.Open();
        using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
        Assert.Equal("refresh-2", (await new OtherProcess(store, new TokenSessionKey(TestApp.Name)).TokensAsync())?.RefreshToken);
    }

    [Fact]
    public async Task A_master_that_is_killed_during_a_refresh_is_replaced_and_gets_the_new_tokens()
    {
        await using var store = Open();
        await using var app = TestApp.Over(store);
        await app.SignInAsync();
        var (gate, request) = await StartRefreshAsync(app);
        await UntilReplicatedAsync();

        _cluster.First.Stop();
        gate.Open();
        using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);
        var saved = await UntilSavedAsync(app, store);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
        Assert.Equal("refresh-2", saved);
        Assert.Empty(app.ReLogins);
    }

    // A record of the first master.
    private RedisTokenStore Open()
    {
        for (var number = 0; ; number++)
        {
            var store = new RedisTokenStore(_connection!, new RedisTokenStoreOptions { KeyPrefix = $"{number}:" });
            if (SlotOf(store) < SlotsOfFirst)
            {
                return store;
            }
        }
    }

    private int SlotOf(RedisTokenStore store) => _connection!.HashSlot(store.KeyOf(new TokenSessionKey(TestApp.Name)));

    private static async Task<(Gate Gate, Task<HttpResponseMessage> Request)> StartRefreshAsync(TestApp app)
    {
        app.Tokens.ExpireAccessTokens();
        var gate = app.Tokens.Hold();
        var request = Task.Run(() => app.GetAsync());
        await gate.ArrivedAsync(1);
        return (gate, request);
    }

    private async Task UntilReplicatedAsync()
    {
        var first = _connection!.GetServer(_cluster.First.Address);
        var start = TimeProvider.System.GetTimestamp();
        while ((int)await first.ExecuteAsync("WAIT", "1", "200") == 0)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Gate.FailSafe, "The replica has nothing.");
        }
    }

    private static async Task<string?> UntilSavedAsync(TestApp app, RedisTokenStore store)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            app.Time.Advance(TimeSpan.FromSeconds(1));
            var saved = await TryReadAsync(store);
            if (saved == "refresh-2" || TimeProvider.System.GetElapsedTime(start) > Gate.FailSafe)
            {
                return saved;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    private static async Task<string?> TryReadAsync(RedisTokenStore store)
    {
        try
        {
            return (await new OtherProcess(store, new TokenSessionKey(TestApp.Name)).TokensAsync())?.RefreshToken;
        }
        catch (StoreException)
        {
            return null;
        }
    }
}

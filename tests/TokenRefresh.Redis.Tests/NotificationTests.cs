using StackExchange.Redis;
using TokenRefresh.TestKit;

namespace TokenRefresh.Redis.Tests;

/// <summary>Who is notified of which change, and for how long.</summary>
public sealed class NotificationTests(RedisServerFixture server)
{
    private static readonly TimeSpan NoPoll = TimeSpan.FromMinutes(10);

    private readonly TokenSessionKey _key = new("notifications-" + Guid.NewGuid().ToString("N"));
    private readonly string _prefix = Guid.NewGuid().ToString("N") + ":";

    [Fact]
    [Trait("Case", "S5")]
    public async Task A_change_in_another_database_notifies_nobody()
    {
        await using var writer = await ConnectAsync();
        await using var reader = await ConnectAsync();
        await using var test = Open(writer, database: 0);
        await using var production = Open(writer, database: 1);
        await using var subscribed = Open(reader, database: 1);
        var calls = new Gate();
        using var subscription = subscribed.Subscribe(_key, revision => _ = calls.PassAsync(CancellationToken.None));
        await UntilSubscribersAsync(writer, 1, count: 1);
        var waiting = subscribed.WaitForChangeAsync(_key, null, NoPoll, default).AsTask();

        await WriteAsync(test, 20);
        Assert.False(waiting.IsCompleted);
        await WriteAsync(production, 1);
        await waiting.WaitAsync(Gate.FailSafe, TimeProvider.System);
        await calls.ArrivedAsync(1);

        Assert.Equal(1, calls.Arrived);
        Assert.Equal("text-1", (await subscribed.ReadAsync(_key, default))?.Text);
    }

    [Theory]
    [InlineData("")]
    [InlineData(",channelPrefix=app:")]
    [Trait("Case", "S13")]
    public async Task A_follower_is_notified_also_where_the_connection_adds_a_prefix_to_channels(string suffix)
    {
        await using var writer = await ConnectAsync(suffix);
        await using var reader = await ConnectAsync(suffix);
        await using var store = Open(writer);
        await using var other = Open(reader);
        await other.ReadAsync(_key, default);
        var waiting = other.WaitForChangeAsync(_key, null, NoPoll, default).AsTask();

        await WriteAsync(store, 1);

        await waiting.WaitAsync(Gate.FailSafe, TimeProvider.System);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_subscription_of_a_store_ends_with_it(bool isAsync)
    {
        await using var connection = await ConnectAsync();
        var store = Open(connection);
        var calls = new Gate();
        using var subscription = store.Subscribe(_key, revision => _ = calls.PassAsync(CancellationToken.None));
        await UntilSubscribersAsync(connection, 0, count: 1);

        if (isAsync)
        {
            await store.DisposeAsync();
        }
        else
        {
            store.Dispose();
        }

        await UntilSubscribersAsync(connection, 0, count: 0);

        // What is under way at the end of an app is still saved.
        await WriteAsync(store, 1);
        Assert.Equal("text-1", (await store.ReadAsync(_key, default))?.Text);
        await UntilSubscribersAsync(connection, 0, count: 0);
        Assert.Equal(0, calls.Arrived);
    }

    [Fact]
    public async Task A_store_whose_connection_was_closed_first_can_be_disposed()
    {
        var connection = await ConnectAsync();
        var store = Open(connection);
        await store.ReadAsync(_key, default);
        await connection.DisposeAsync();

        await store.DisposeAsync();
        store.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_that_is_still_opening_at_the_disposal_is_closed_when_it_is_open(bool isAsync)
    {
        server.Require();
        var gate = new Gate();
        var opened = new TaskCompletionSource<ConnectionMultiplexer>(TaskCreationOptions.RunContinuationsAsynchronously);
        var connection = new RedisConnection(
            async () =>
            {
                await gate.PassAsync(CancellationToken.None);
                var made = await server.ConnectAsync();
                opened.SetResult(made);
                return made;
            },
            isOwned: true);
        var opening = connection.OpenAsync(default);
        await gate.ArrivedAsync(1);

        if (isAsync)
        {
            await connection.DisposeAsync();
        }
        else
        {
            connection.Dispose();
        }

        gate.Open();
        var multiplexer = await opened.Task.WaitAsync(Gate.FailSafe, TimeProvider.System);
        await UntilAsync(() => Task.FromResult(!multiplexer.IsConnected));
        await opening;
        await Assert.ThrowsAsync<ObjectDisposedException>(() => connection.OpenAsync(default));
    }

    private RedisTokenStore Open(IConnectionMultiplexer connection, int database = 0) =>
        new(connection, new RedisTokenStoreOptions { Database = database, KeyPrefix = _prefix, PollInterval = NoPoll });

    private Task<ConnectionMultiplexer> ConnectAsync(string suffix = "")
    {
        server.Require();
        return ConnectionMultiplexer.ConnectAsync(server.Configuration + suffix);
    }

    private async Task WriteAsync(RedisTokenStore store, int count)
    {
        string? revision = null;
        for (var number = 1; number <= count; number++)
        {
            revision = (await store.CompareExchangeAsync(_key, "text-" + number, revision, null, default))?.Revision;
        }
    }

    private Task UntilSubscribersAsync(ConnectionMultiplexer connection, int database, int count) => UntilAsync(async () =>
        await connection.GetServers()[0].SubscriptionSubscriberCountAsync(RedisChannel.Literal($"{_prefix}changes:{database}")) == count);

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Gate.FailSafe, "The condition never came true.");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }
}

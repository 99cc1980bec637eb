using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Npgsql;
using TokenRefresh.Samples.Documentation;
using TokenRefresh.TestKit;
using TokenRefresh.Testing;

namespace TokenRefresh.EntityFrameworkCore.Tests;

/// <summary>The store of docs/notifications.md, over a real PostgreSQL: what one node does, the others know without a request.</summary>
[Trait("Case", "S15")]
[Collection("Alone")]
public sealed class PostgresNotificationTests(PostgresFixture server) : IAsyncDisposable
{
    private static readonly TokenSessionKey Key = new(TestApp.Name);

    private readonly List<IAsyncDisposable> _opened = [];
    private PostgresDatabase? _database;
    private NpgsqlDataSource? _source;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_sign_out_at_one_of_32_nodes_is_known_at_all()
    {
        await using var cluster = await StartAsync(32);
        var waits = new List<double>();
        for (var round = 0; round < 5; round++)
        {
            await SignInAsync(cluster);
            await cluster[round].Session.SignOutAsync(Cancelled);
            var written = TimeProvider.System.GetTimestamp();
            await UntilAllAsync(cluster, TokenSessionState.SignedOut);
            waits.Add(TimeProvider.System.GetElapsedTime(written).TotalMilliseconds);
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"32 nodes: the last knew the sign-out {waits.Order().ElementAt(2):0} ms after it was saved (median of 5; worst {waits.Max():0} ms)");
        Assert.Equal(0, cluster.Tokens.Calls);
    }

    [Fact]
    public async Task New_tokens_of_one_node_are_used_at_the_others()
    {
        await using var cluster = await StartAsync(3);
        await SignInAsync(cluster);

        await cluster[0].Session.RefreshAsync(Cancelled);

        foreach (var node in cluster.Nodes)
        {
            await UntilAsync(async () => await node.Session.GetAccessTokenAsync(Cancelled) == "access-2");
        }

        Assert.Equal(1, cluster.Tokens.Calls);
    }

    [Fact]
    public async Task Forged_late_and_duplicate_notifications_change_nothing()
    {
        await using var cluster = await StartAsync(2);
        await SignInAsync(cluster);
        await cluster[0].Session.RefreshAsync(Cancelled);
        await UntilAsync(async () => await cluster[1].Session.GetAccessTokenAsync(Cancelled) == "access-2");
        var received = await ListenAsync();
        await cluster[1].Session.RefreshAsync(Cancelled);
        await UntilAsync(() => received.Count >= 2);
        var real = received.First();
        var name = real.Split(' ')[0];
        string[] forged = ["", " ", name, $"{name} ", $"{name} x", $"{name} x y", $"{name[1..]} x", new string('x', 7_900), $"{name} {new string('9', 7_900)}"];

        foreach (var payload in forged.Concat(Enumerable.Repeat(real, 100)))
        {
            await NotifyAsync(payload);
        }

        await cluster[0].Session.SignOutAsync(Cancelled);
        await UntilAllAsync(cluster, TokenSessionState.SignedOut);
        Assert.Equal(2, cluster.Tokens.Calls);
        Assert.All(cluster.Nodes, node => Assert.Empty(node.ReLogins));
    }

    [Fact]
    public async Task Forged_notifications_alone_leave_the_tokens()
    {
        await using var cluster = await StartAsync(2);
        await SignInAsync(cluster);
        var received = await ListenAsync();
        await cluster[0].Session.RefreshAsync(Cancelled);
        await UntilAsync(async () => received.Count >= 2 && await cluster[1].Session.GetAccessTokenAsync(Cancelled) == "access-2");

        foreach (var payload in received.ToArray().Concat([received.First().Split(' ')[0] + " forged"]))
        {
            await NotifyAsync(payload);
        }

        await QuietAsync();
        Assert.All(cluster.Nodes, node => Assert.Equal(TokenSessionState.SignedIn, node.Session.State));
        Assert.Equal("access-2", await cluster[1].Session.GetAccessTokenAsync(Cancelled));
        Assert.Equal(1, cluster.Tokens.Calls);
    }

    [Fact]
    public async Task A_broken_connection_is_opened_again()
    {
        await using var cluster = await StartAsync(2);
        await SignInAsync(cluster);
        var broken = await ListenersAsync();

        await ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM unnest(ARRAY[{string.Join(',', broken)}]) AS pid");
        await UntilAsync(async () => await ListenersAsync() is { Count: 2 } again && !again.Intersect(broken).Any());
        await cluster[0].Session.SignOutAsync(Cancelled);

        await UntilAllAsync(cluster, TokenSessionState.SignedOut);
    }

    [Fact]
    public async Task What_was_lost_is_found_by_the_next_refresh()
    {
        await using var cluster = await StartAsync(2);
        await SignInAsync(cluster);

        // Another process writes, and doesn't notify.
        await new OtherProcess(_database!.Open(), Key).SignOutAsync();
        await QuietAsync();
        Assert.Equal(TokenSessionState.SignedIn, cluster[1].Session.State);
        cluster.Tokens.ExpireAccessTokens();
        using var response = await cluster[1].GetAsync(Cancelled);

        Assert.Equal(TokenSessionState.SignedOut, cluster[1].Session.State);
        Assert.Equal(0, cluster.Tokens.Calls);
    }

    [Fact]
    public async Task The_end_of_a_store_ends_its_connection()
    {
        await using (var cluster = await StartAsync(1))
        {
            await SignInAsync(cluster);
            await _opened[0].DisposeAsync();
            _opened.Clear();

            // The pool's next user of the connection isn't a listener any more.
            await UntilAsync(async () => (await ListenersAsync()).Count == 0);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var opened in _opened)
        {
            await opened.DisposeAsync();
        }

        await (_source?.DisposeAsync() ?? default);
        await (_database?.DisposeAsync() ?? default);
    }

    private async Task<TestCluster> StartAsync(int count)
    {
        _database = await server.CreateAsync("Maximum Pool Size=64");
        _source = NpgsqlDataSource.Create(_database.Connection);
        return TestCluster.Start(count, _ => Open());
    }

    private PostgresTokenStore Open()
    {
        var store = new PostgresTokenStore(_database!.Open(), _source!);
        _opened.Add(store);
        return store;
    }

    // A notification that is sent before a node listens is lost.
    private async Task SignInAsync(TestCluster cluster)
    {
        await cluster.SignInAsync();
        await UntilAllAsync(cluster, TokenSessionState.SignedIn);
        await UntilAsync(async () => (await ListenersAsync()).Count == cluster.Nodes.Count);
        await QuietAsync();
    }

    private async Task<List<int>> ListenersAsync()
    {
        var found = new List<int>();
        await using var command = _source!.CreateCommand(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%' AND state = 'idle'");
        await using var reader = await command.ExecuteReaderAsync(Cancelled);
        while (await reader.ReadAsync(Cancelled))
        {
            found.Add(reader.GetInt32(0));
        }

        return found;
    }

    /// <summary>Receives the payloads of the real notifications.</summary>
    private async Task<ConcurrentQueue<string>> ListenAsync()
    {
        var received = new ConcurrentQueue<string>();
        var connection = await _source!.OpenConnectionAsync(Cancelled);
        connection.Notification += (_, notification) => received.Enqueue(notification.Payload);
        await using (var command = new NpgsqlCommand("/* test */ LISTEN token_sessions", connection))
        {
            await command.ExecuteNonQueryAsync(Cancelled);
        }

        var stopping = new CancellationTokenSource();
        var listening = Task.Run(async () =>
        {
            try
            {
                while (true)
                {
                    await connection.WaitAsync(stopping.Token);
                }
            }
            catch (OperationCanceledException)
            {
                await connection.DisposeAsync();
            }
        });
        _opened.Add(new Listener(stopping, listening));
        return received;
    }

    private async Task NotifyAsync(string payload)
    {
        await using var command = _source!.CreateCommand("SELECT pg_notify('token_sessions', $1)");
        command.Parameters.AddWithValue(payload);
        await command.ExecuteNonQueryAsync(Cancelled);
    }

    [SuppressMessage("Security", "CA2100", Justification = "The texts are constants and numbers.")]
    private async Task ExecuteAsync(string sql)
    {
        await using var command = _source!.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Cancelled);
    }

    private static Task UntilAllAsync(TestCluster cluster, TokenSessionState state) =>
        UntilAsync(() => cluster.Nodes.All(node => node.Session.State == state));

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var failSafe = new CancellationTokenSource(Gate.FailSafe, TimeProvider.System);
        while (!await condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, failSafe.Token);
        }
    }

    // Notifications arrive in the order of their commits: what was sent before the marker has been delivered.
    private async Task QuietAsync()
    {
        var received = await ListenAsync();
        await NotifyAsync("marker");
        await UntilAsync(() => received.Contains("marker"));
        var own = _opened[^1];
        _opened.Remove(own);
        await own.DisposeAsync();
    }

    private sealed class Listener(CancellationTokenSource stopping, Task listening) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await stopping.CancelAsync();
            await listening;
            stopping.Dispose();
        }
    }
}

/// <summary>The contract over the store that notifies.</summary>
[Trait("Case", "S15")]
public sealed class NotifyingPostgresContract(PostgresFixture server) : StoreContractTests
{
    private PostgresDatabase? _database;
    private NpgsqlDataSource? _source;

    public override async ValueTask InitializeAsync()
    {
        _database = await server.CreateAsync();
        _source = NpgsqlDataSource.Create(_database.Connection);
    }

    public override async ValueTask DisposeAsync()
    {
        await (_source?.DisposeAsync() ?? default);
        await (_database?.DisposeAsync() ?? default);
        await base.DisposeAsync();
    }

    protected override ITokenStore Open() => new PostgresTokenStore(_database!.Open(), _source!);

    protected override Task AdvanceTimeAsync(TimeSpan time) => Task.Delay(time, TimeProvider.System);
}

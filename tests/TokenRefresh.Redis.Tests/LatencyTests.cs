using StackExchange.Redis;
using TokenRefresh.Storage;
using TokenRefresh.TestKit;

namespace TokenRefresh.Redis.Tests;

/// <summary>How long after the leader's commit the last node has the new token, over a real redis-server on loopback.</summary>
[Collection("Alone")]
public sealed class LatencyTests(RedisServerFixture server)
{
    private const int Rounds = 15;

    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    [InlineData(32)]
    [Trait("Case", "C3")]
    public async Task The_last_node_has_the_new_token_soon_after_the_commit(int count)
    {
        server.Require();
        var endpoint = new SlowEndpoint();
        var key = Guid.NewGuid().ToString("N");
        var nodes = new List<Node>();
        for (var number = 0; number < count; number++)
        {
            nodes.Add(await Node.StartAsync(server, endpoint, key));
        }

        await nodes[0].Session.SignInAsync(new TokenSet("access-0", "refresh-0"));
        var pauses = new List<double>();
        for (var round = 1; round <= Rounds; round++)
        {
            await Task.WhenAll(nodes.Select(node => node.Session.GetAccessTokenAsync()));
            var ends = await Task.WhenAll(nodes.Select(node => Task.Run(node.RefreshAsync))).WaitAsync(Gate.FailSafe, TimeProvider.System);
            var committed = nodes.Max(node => node.Store.Committed);
            pauses.Add(TimeProvider.System.GetElapsedTime(committed, ends.Max()).TotalMilliseconds);
            Assert.Equal(round, endpoint.Calls);
        }

        var median = pauses.Order().ElementAt(Rounds / 2);
        TestContext.Current.TestOutputHelper?.WriteLine($"{count} nodes: the last had the token {median:0.0} ms after the commit (median of {Rounds}; worst {pauses.Max():0.0} ms)");

        // 25 ms is the aim, on a quiet machine; docs/processes.md has what was measured. A poll alone would take longer than this.
        Assert.InRange(median, 0, 400);
        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_sign_out_at_one_node_is_known_to_all_without_a_request()
    {
        const int Count = 32;
        server.Require();
        var key = Guid.NewGuid().ToString("N");
        var nodes = new List<Node>();
        for (var number = 0; number < Count; number++)
        {
            nodes.Add(await Node.StartAsync(server, new SlowEndpoint(), key, isTimed: false));
        }

        await nodes[0].Session.SignInAsync(new TokenSet("access-0", "refresh-0"));
        await Task.WhenAll(nodes.Select(node => node.Session.GetAccessTokenAsync()));
        var pauses = new List<double>();
        for (var round = 0; round < 5; round++)
        {
            await nodes[round].Session.SignOutAsync();
            var signedOut = TimeProvider.System.GetTimestamp();
            await UntilAsync(nodes, TokenSessionState.SignedOut);
            pauses.Add(TimeProvider.System.GetElapsedTime(signedOut).TotalMilliseconds);

            // A new login is known as fast.
            await nodes[round + 1].Session.SignInAsync(new TokenSet($"access-{round + 1}", $"refresh-{round + 1}"));
            await UntilAsync(nodes, TokenSessionState.SignedIn);
        }

        var median = pauses.Order().ElementAt(pauses.Count / 2);
        TestContext.Current.TestOutputHelper?.WriteLine($"{Count} nodes knew of a sign-out after {median:0.0} ms (median of {pauses.Count}; worst {pauses.Max():0.0} ms)");

        // 50 ms is the aim, on a quiet machine.
        Assert.InRange(median, 0, 400);
        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }
    }

    private static async Task UntilAsync(List<Node> nodes, TokenSessionState state)
    {
        using var failSafe = new CancellationTokenSource(Gate.FailSafe, TimeProvider.System);
        while (nodes.Any(node => node.Session.State != state))
        {
            failSafe.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private sealed class Node(ConnectionMultiplexer connection, TimedStore store, TokenSession session) : IAsyncDisposable
    {
        public TimedStore Store => store;

        public TokenSession Session => session;

        public static async Task<Node> StartAsync(RedisServerFixture server, ITokenEndpoint endpoint, string name, bool isTimed = true)
        {
            var connection = await server.ConnectAsync();
            var redis = new RedisTokenStore(connection);
            var store = new TimedStore(redis);
            var options = new TokenRefreshOptions { MinRefreshInterval = TimeSpan.Zero };
            return new Node(connection, store, TokenSession.Create(options, new TokenSessionSettings { Store = isTimed ? store : redis, TokenEndpoint = endpoint, AllowUnencryptedStore = true, Name = name }));
        }

        /// <summary>When it had the new token.</summary>
        public async Task<long> RefreshAsync()
        {
            await session.RefreshAsync();
            return TimeProvider.System.GetTimestamp();
        }

        public async ValueTask DisposeAsync()
        {
            await session.DisposeAsync();
            await connection.DisposeAsync();
        }
    }

    private sealed class SlowEndpoint : ITokenEndpoint
    {
        private int _calls;

        public int Calls => Volatile.Read(ref _calls);

        public async Task<TokenEndpointResult> RequestTokenAsync(TokenEndpointRequest request, CancellationToken cancellationToken)
        {
            // Long enough for all others to be waiting.
            var number = Interlocked.Increment(ref _calls);
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, cancellationToken);
            return TokenEndpointResult.Succeeded(new TokenSet($"access-{number}", $"refresh-{number}"));
        }
    }

    private sealed class TimedStore(RedisTokenStore store) : ITokenStore
    {
        private long _committed;

        public long Committed => Volatile.Read(ref _committed);

        public ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken) => store.ReadAsync(key, cancellationToken);

        public ValueTask<StoredRecord?> CompareExchangeAsync(
            TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken)
        {
            if (LoginRecordText.Read(text).Lease is null)
            {
                // From the sending on: the others may well be notified before the answer is back.
                Volatile.Write(ref _committed, TimeProvider.System.GetTimestamp());
            }

            return store.CompareExchangeAsync(key, text, expectedRevision, keepFor, cancellationToken);
        }

        public ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken) =>
            store.WaitForChangeAsync(key, revision, timeout, cancellationToken);
    }
}

using StackExchange.Redis;
using TokenRefresh.TestKit;
using TokenRefresh.Testing;

namespace TokenRefresh.ProcessTests;

/// <summary>Redis is restarted, emptied, cut off, deaf or lied to, while real processes and this one share a login over it.</summary>
[Trait("Case", "C4")]
public sealed class RedisTroubleCases
{
    [Fact]
    public async Task A_Redis_that_comes_back_empty_is_filled_again_by_a_process_with_the_login()
    {
        await using var trouble = await Trouble.MakeAsync();
        await trouble.Here.RefreshAsync();

        trouble.Redis.Stop();
        await Assert.ThrowsAsync<TokenRefreshException>(() => trouble.Here.RefreshAsync());
        await trouble.Redis.StartAsync();
        await Trouble.RefreshUntilDoneAsync(trouble.Here);

        Assert.Equal(["refreshed"], await trouble.RunElsewhereAsync());
        Assert.Equal(["refresh-1", "refresh-2", "refresh-3"], trouble.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    public async Task A_flushed_Redis_is_filled_again()
    {
        await using var trouble = await Trouble.MakeAsync();
        await trouble.Here.RefreshAsync();

        await trouble.Connection.GetServers().Single().FlushAllDatabasesAsync();
        await trouble.Here.RefreshAsync();

        Assert.Equal(["refreshed"], await trouble.RunElsewhereAsync());
        Assert.Equal(["refresh-1", "refresh-2", "refresh-3"], trouble.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    public async Task A_process_that_is_cut_off_uses_its_token_and_spends_nothing_until_the_cut_heals()
    {
        await using var trouble = await Trouble.MakeAsync();
        using var proxy = new CuttingProxy(trouble.Redis.Port);
        await using var far = await ConnectionMultiplexer.ConnectAsync(proxy.Address + ",abortConnect=false,connectTimeout=500,asyncTimeout=1000");
        await using var there = trouble.Open(far);
        Assert.Equal("access-1", await there.GetAccessTokenAsync());

        proxy.Cut();
        Assert.Equal("access-1", await there.GetAccessTokenAsync());
        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => there.RefreshAsync());
        await trouble.Here.RefreshAsync();
        proxy.Heal();
        await Trouble.RefreshUntilDoneAsync(there);

        Assert.Equal(TokenRefreshFailure.Transient, failure.Failure);
        Assert.Equal(0, trouble.Tokens.ReusedRefreshTokenCount);
        Assert.Equal(["refreshed"], await trouble.RunElsewhereAsync());
        Assert.Equal(0, trouble.Tokens.ReusedRefreshTokenCount);
    }

    [Fact]
    public async Task A_leader_that_is_cut_off_after_the_server_rotated_uses_the_pair_and_saves_it_when_the_cut_heals()
    {
        await using var trouble = await Trouble.MakeAsync();
        using var proxy = new CuttingProxy(trouble.Redis.Port);
        await using var far = await ConnectionMultiplexer.ConnectAsync(proxy.Address + ",abortConnect=false,connectTimeout=500,asyncTimeout=1000");
        await using var there = trouble.Open(far);
        await there.GetAccessTokenAsync();
        var server = trouble.Tokens.Hold();
        var refresh = there.RefreshAsync();
        await server.ArrivedAsync(1);

        proxy.Cut();
        trouble.Tokens.Release();
        await refresh;
        Assert.Equal("access-2", await there.GetAccessTokenAsync());
        proxy.Heal();
        await Trouble.RefreshUntilDoneAsync(there);

        Assert.Equal(["refreshed"], await trouble.RunElsewhereAsync());
        Assert.Equal(["refresh-1", "refresh-2", "refresh-3"], trouble.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    public async Task A_follower_that_hears_nothing_finds_the_new_tokens_by_looking()
    {
        await using var trouble = await Trouble.MakeAsync();
        await using var other = await ConnectionMultiplexer.ConnectAsync(trouble.Redis.Address + ",abortConnect=false,allowAdmin=true");
        await using var follower = trouble.Open(other);
        await follower.GetAccessTokenAsync();
        var server = trouble.Tokens.Hold();
        var leading = trouble.Here.RefreshAsync();
        await server.ArrivedAsync(1);
        var following = follower.RefreshAsync();

        // All subscribers are disconnected again and again, so no notification arrives.
        using var deaf = new CancellationTokenSource();
        var deafening = DeafenAsync(trouble.Connection, deaf.Token);
        trouble.Tokens.Release();
        await Task.WhenAll(leading, following).WaitAsync(Gate.FailSafe, TimeProvider.System);
        await deaf.CancelAsync();
        await deafening;

        Assert.Equal("access-2", await follower.GetAccessTokenAsync());
        Assert.Equal(["refresh-1"], trouble.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    public async Task A_forged_notification_wakes_waiting_processes_and_changes_nothing()
    {
        await using var trouble = await Trouble.MakeAsync();
        await using var other = await ConnectionMultiplexer.ConnectAsync(trouble.Redis.Address + ",abortConnect=false");
        await using var follower = trouble.Open(other);
        await follower.GetAccessTokenAsync();
        var server = trouble.Tokens.Hold();
        var leading = trouble.Here.RefreshAsync();
        await server.ArrivedAsync(1);
        var following = follower.RefreshAsync();

        var channels = (string[])(await trouble.Connection.GetDatabase().ExecuteAsync("PUBSUB", "CHANNELS"))!;
        foreach (var channel in channels)
        {
            for (var lie = 0; lie < 50; lie++)
            {
                await trouble.Connection.GetSubscriber().PublishAsync(RedisChannel.Literal(channel), $"{SharedPlace.Key}:{lie}\r\n9999");
            }
        }

        Assert.NotEmpty(channels);
        Assert.False(following.IsCompleted);
        trouble.Tokens.Release();
        await Task.WhenAll(leading, following).WaitAsync(Gate.FailSafe, TimeProvider.System);
        Assert.Equal("access-2", await follower.GetAccessTokenAsync());
        Assert.Equal(["refresh-1"], trouble.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    [Trait("Case", "C30")]
    public async Task A_pause_that_the_server_asks_of_one_process_keeps_the_others_quiet()
    {
        await using var trouble = await Trouble.MakeAsync();
        trouble.Tokens.RespondOnce((_, _) => Task.FromResult<System.Net.Http.HttpResponseMessage?>(new(System.Net.HttpStatusCode.TooManyRequests)
        {
            Headers = { RetryAfter = new System.Net.Http.Headers.RetryConditionHeaderValue(TimeSpan.FromSeconds(3)) },
        }));
        await Assert.ThrowsAsync<TokenRefreshException>(() => trouble.Here.RefreshAsync());
        var paused = TimeProvider.System.GetTimestamp();

        var said = await trouble.RunElsewhereAsync();

        Assert.Equal(["refreshed"], said);
        Assert.True(TimeProvider.System.GetElapsedTime(paused) >= TimeSpan.FromSeconds(2.9));
        Assert.Equal(["refresh-1", "refresh-1"], trouble.Tokens.ReceivedRefreshTokens);
    }

    private static async Task DeafenAsync(ConnectionMultiplexer connection, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await connection.GetDatabase().ExecuteAsync("CLIENT", "KILL", "TYPE", "PUBSUB");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }

    /// <summary>A login in a Redis, this process as one that shares it, and a token server that other processes reach too.</summary>
    private sealed class Trouble : IAsyncDisposable
    {
        private readonly SharedPlace _place;
        private readonly LoopbackTokenServer _server;

        private Trouble(SharedPlace place, FakeTokenServer tokens, ConnectionMultiplexer connection)
        {
            _place = place;
            Tokens = tokens;
            Connection = connection;
            _server = new LoopbackTokenServer(tokens);
            Here = Open(connection);
        }

        public FakeTokenServer Tokens { get; }

        public RedisServer Redis => _place.Redis!;

        public ConnectionMultiplexer Connection { get; }

        public TokenSession Here { get; }

        public static async Task<Trouble> MakeAsync()
        {
            var place = await SharedPlace.CreateAsync("redis");
            var tokens = new FakeTokenServer(TimeProvider.System, TokenServerMode.ReuseRevokesFamily);
            await place.SignInAsync(tokens.Issue());
            var connection = await ConnectionMultiplexer.ConnectAsync(place.Redis!.Address + ",abortConnect=false,allowAdmin=true,connectTimeout=500,asyncTimeout=1000");
            var trouble = new Trouble(place, tokens, connection);
            await trouble.Here.GetAccessTokenAsync();
            return trouble;
        }

        public TokenSession Open(ConnectionMultiplexer connection) => TokenSession.Create(
            new TokenRefreshOptions { TokenEndpoint = _server.Endpoint, ClientId = "shop", MinRefreshInterval = TimeSpan.Zero }, new TokenSessionSettings
            {
                Store = new RedisTokenStore(connection),
                AllowUnencryptedStore = true,
                Name = SharedPlace.Key.SessionName,
            });

        public Task<System.Collections.Generic.IReadOnlyList<string>> RunElsewhereAsync() =>
            Node.RunAsync(_place.Argument, $"endpoint={_server.Endpoint}", "do=refresh", "rounds=1");

        /// <summary>Tries until Redis answers again.</summary>
        public static async Task RefreshUntilDoneAsync(TokenSession session)
        {
            var start = TimeProvider.System.GetTimestamp();
            while (true)
            {
                try
                {
                    await session.RefreshAsync();
                    return;
                }
                catch (TokenRefreshException) when (TimeProvider.System.GetElapsedTime(start) < Gate.FailSafe)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
                }
            }
        }

        public async ValueTask DisposeAsync()
        {
            await Here.DisposeAsync();
            await Connection.DisposeAsync();
            _server.Dispose();
            Tokens.Dispose();
            await _place.DisposeAsync();
        }
    }
}

using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using StackExchange.Redis;
using TokenRefresh.TestKit;
using Xunit;

namespace TokenRefresh.Redis.Tests;

/// <summary>The store contract over a server that speaks Redis. Time is the server's own, so leases are short and waited for.</summary>
public abstract class RedisContract(ServerFixture server) : StoreContractTests
{
    private readonly List<ConnectionMultiplexer> _connections = [];
    private int _opened;

    private TokenSessionKey Key { get; } = new("contract-" + Guid.NewGuid().ToString("N"), "user@example.com");

    private RedisTokenStore Store => new RedisTokenStore(_connections[0]);

    public override async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections)
        {
            await connection.DisposeAsync();
        }

        GC.SuppressFinalize(this);
        await base.DisposeAsync();
    }

    [Fact]
    public async Task A_record_that_isnt_ours_is_reported_and_never_overwritten()
    {
        var database = _connections[0].GetDatabase();
        var key = "tokenrefresh:" + Storage.RecordName.Of(Key);
        await database.StringSetAsync(key, "somebody else's");

        await Assert.ThrowsAsync<UnreadableTokensException>(() => Store.ReadAsync(Key, default).AsTask());
        await Assert.ThrowsAsync<UnreadableTokensException>(() => Store.SignInAsync(Key, "a", 0, new ProtectedTokens("one"), default).AsTask());
        Assert.Equal("somebody else's", await database.StringGetAsync(key));
    }

    [Fact]
    public async Task A_record_of_another_format_is_reported_and_never_overwritten()
    {
        var database = _connections[0].GetDatabase();
        var key = "tokenrefresh:" + Storage.RecordName.Of(Key);
        await database.HashSetAsync(key, [new HashEntry("f", "2"), new HashEntry("t", "theirs")]);

        await Assert.ThrowsAsync<UnreadableTokensException>(() => Store.ReadAsync(Key, default).AsTask());
        await Assert.ThrowsAsync<UnreadableTokensException>(() => Store.SignInAsync(Key, "a", 0, new ProtectedTokens("one"), default).AsTask());
        Assert.Equal("theirs", await database.HashGetAsync(key, "t"));
    }

    [Fact]
    public async Task Records_without_tokens_are_forgotten_in_the_end_and_those_with_tokens_are_not()
    {
        var database = _connections[0].GetDatabase();
        var key = "tokenrefresh:" + Storage.RecordName.Of(Key);
        await Store.SignInAsync(Key, "a", 0, new ProtectedTokens("one"), default);
        var signedIn = await database.KeyTimeToLiveAsync(key);
        await Store.SignOutAsync(Key, 1, default);
        var signedOut = await database.KeyTimeToLiveAsync(key);
        await Store.SignInAsync(Key, "b", 0, new ProtectedTokens("two"), default);
        var again = await database.KeyTimeToLiveAsync(key);

        Assert.Null(signedIn);
        Assert.InRange(signedOut!.Value, TimeSpan.FromDays(6.9), TimeSpan.FromDays(7));
        Assert.Null(again);
    }

    [Fact]
    public async Task A_server_that_forgot_its_scripts_is_told_them_again()
    {
        await Store.SignInAsync(Key, "a", 0, new ProtectedTokens("one"), default);
        await _connections[0].GetServers()[0].ScriptFlushAsync();

        Assert.Equal(TokenStoreVerdict.Adopt, (await Store.ReadAsync(Key, default)).Verdict);
        Assert.Equal(TokenStoreVerdict.Accepted, (await Store.SignInAsync(Key, "b", 0, new ProtectedTokens("two"), default)).Verdict);
    }

    public override async ValueTask InitializeAsync()
    {
        server.Require();
        for (var i = 0; i < 3; i++)
        {
            _connections.Add(await server.ConnectAsync());
        }
    }

    protected override ITokenStore Open() => new RedisTokenStore(_connections[++_opened % 2]);

    // On another channel it hears nothing: the poll is all it has.
    protected override ITokenStore? OpenDeaf() => new RedisTokenStore(
        new RedisConnection(() => Task.FromResult<IConnectionMultiplexer>(_connections[2]), isOwned: false),
        new RedisTokenStoreOptions { PollInterval = TimeSpan.FromMilliseconds(50) },
        timeProvider: null,
        channel: "nowhere");

    protected override Task ElapseAsync(TimeSpan time) => Task.Delay(time, TimeProvider.System);
}

public sealed class GarnetContract(GarnetFixture server) : RedisContract(server);

public sealed class RedisServerContract(RedisServerFixture server) : RedisContract(server);

using StackExchange.Redis;
using TokenRefresh.Storage;
using TokenRefresh.TestKit;

namespace TokenRefresh.Redis.Tests;

/// <summary>The store contract over a server that speaks Redis. Time is the server's own, so leases are short and waited for.</summary>
public abstract class RedisContract(ServerFixture server) : StoreContractTests
{
    private readonly List<ConnectionMultiplexer> _connections = [];
    private ConnectionMultiplexer? _administrator;
    private int _opened;

    private TokenSessionKey Key { get; } = new("contract-" + Guid.NewGuid().ToString("N"), "user@example.com");

    private RedisTokenStore Store => new RedisTokenStore(_connections[0]);

    public override async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections)
        {
            await connection.DisposeAsync();
        }

        if (_administrator is not null)
        {
            await _administrator.DisposeAsync();
        }

        GC.SuppressFinalize(this);
        await base.DisposeAsync();
    }

    [Fact]
    [Trait("Case", "S10")]
    public async Task A_value_of_another_program_is_reported_and_replaced_only_by_a_sign_in_or_a_sign_out()
    {
        var database = _administrator!.GetDatabase();
        await database.StringSetAsync(Store.KeyOf(Key), "somebody else's");

        await AssertUnreadableAsync();
        Assert.Equal("somebody else's", await database.StringGetAsync(Store.KeyOf(Key)));

        await new OtherProcess(Store, Key).SignInAsync(new TokenSet("access-1", "refresh-1"));
        Assert.Equal("refresh-1", (await new OtherProcess(Store, Key).TokensAsync())?.RefreshToken);
    }

    [Theory]
    [InlineData("f", "1")]
    [InlineData("revision", "x")]
    [InlineData("written", "x")]
    [Trait("Case", "S10")]
    public async Task A_hash_of_another_format_is_reported_and_replaced_only_by_a_sign_in_or_a_sign_out(string field, string value)
    {
        var database = _administrator!.GetDatabase();
        await database.HashSetAsync(Store.KeyOf(Key), [new HashEntry(field, value), new HashEntry("text", "theirs")]);

        await AssertUnreadableAsync();
        Assert.Equal("theirs", await database.HashGetAsync(Store.KeyOf(Key), "text"));

        await new OtherProcess(Store, Key).SignOutAsync();
        Assert.Equal(LoginStatus.SignedOut, (await new OtherProcess(Store, Key).LoadAsync()).Status);
    }

    [Theory]
    [InlineData("1-a.1", "inf")]
    [InlineData("1-a.1", "-inf")]
    [InlineData("1-a.1", "nan")]
    [InlineData("1-a.1", "1e300")]
    [InlineData("1-a.1", "-1e300")]
    [InlineData("1-a.1", "-1")]
    [InlineData("", "1")]
    [Trait("Case", "S10")]
    public async Task A_hash_with_a_time_or_a_revision_that_the_store_never_writes_is_reported_and_replaced_by_a_sign_in(string revision, string written)
    {
        var database = _administrator!.GetDatabase();
        await database.HashSetAsync(
            Store.KeyOf(Key), [new HashEntry("text", "theirs"), new HashEntry("revision", revision), new HashEntry("written", written)]);

        await AssertUnreadableAsync();
        Assert.Equal("theirs", await database.HashGetAsync(Store.KeyOf(Key), "text"));

        await new OtherProcess(Store, Key).SignInAsync(new TokenSet("access-1", "refresh-1"));
        Assert.Equal("refresh-1", (await new OtherProcess(Store, Key).TokensAsync())?.RefreshToken);
    }

    [Fact]
    [Trait("Case", "S13")]
    public async Task Records_of_sign_outs_are_removed_in_the_end_and_those_of_logins_are_not()
    {
        var database = _administrator!.GetDatabase();
        var process = new OtherProcess(Store, Key);
        await process.SignInAsync(new TokenSet("access-1", "refresh-1"));
        var signedIn = await database.KeyTimeToLiveAsync(Store.KeyOf(Key));
        await process.SignOutAsync();
        var signedOut = await database.KeyTimeToLiveAsync(Store.KeyOf(Key));
        await process.SignInAsync(new TokenSet("access-2", "refresh-2"));
        var again = await database.KeyTimeToLiveAsync(Store.KeyOf(Key));

        Assert.Null(signedIn);
        Assert.InRange(signedOut!.Value, TimeSpan.FromDays(6.9), TimeSpan.FromDays(7));
        Assert.Null(again);
    }

    [Fact]
    public async Task A_server_that_forgot_its_script_gets_it_again()
    {
        var first = await Store.CompareExchangeAsync(Key, "one", null, null, default);
        foreach (var node in _administrator!.GetServers().Where(node => !node.IsReplica))
        {
            await node.ScriptFlushAsync();
        }

        Assert.Equal("one", (await Store.ReadAsync(Key, default))?.Text);
        Assert.Equal("two", (await Store.CompareExchangeAsync(Key, "two", first?.Revision, null, default))?.Text);
    }

    private async Task AssertUnreadableAsync()
    {
        var process = new OtherProcess(Store, Key);
        Assert.IsType<TokenStoreConfigurationException>((await Assert.ThrowsAsync<StoreException>(() => process.LoadAsync())).Cause);
        Assert.IsType<TokenStoreConfigurationException>((await Assert.ThrowsAsync<StoreException>(() => process.AcquireAsync())).Cause);
    }

    public override async ValueTask InitializeAsync()
    {
        server.Require();
        _administrator = await server.ConnectAsAdministratorAsync();
        for (var i = 0; i < 3; i++)
        {
            _connections.Add(await server.ConnectAsync());
        }
    }

    protected override ITokenStore Open() => new RedisTokenStore(_connections[++_opened % 2]);

    // On another channel it hears nothing: the poll is all it has.
    protected override ITokenStore? OpenWithoutNotifications() => new RedisTokenStore(
        new RedisConnection(() => Task.FromResult<IConnectionMultiplexer>(_connections[2]), isOwned: false),
        new RedisTokenStoreOptions { PollInterval = TimeSpan.FromMilliseconds(50) },
        timeProvider: null,
        channel: "nowhere");

    protected override Task AdvanceTimeAsync(TimeSpan time) => Task.Delay(time, TimeProvider.System);
}

public sealed class GarnetContract(GarnetFixture server) : RedisContract(server);

public sealed class RedisServerContract(RedisServerFixture server) : RedisContract(server);

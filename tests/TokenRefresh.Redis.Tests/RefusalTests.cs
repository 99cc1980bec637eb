using StackExchange.Redis;
using TokenRefresh.TestKit;

namespace TokenRefresh.Redis.Tests;

/// <summary>Redis answers, and refuses; or the connection has settings that few apps use.</summary>
[Trait("Case", "S13")]
public sealed class RefusalTests : IAsyncLifetime
{
    private static readonly TokenSessionKey Key = new("orders");
    private readonly RedisServerFixture _server = new();
    private ConnectionMultiplexer? _administrator;

    private IServer Server => _administrator!.GetServers()[0];

    public async ValueTask InitializeAsync()
    {
        await _server.InitializeAsync();
        _server.Require();
        _administrator = await _server.ConnectAsAdministratorAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await (_administrator?.DisposeAsync() ?? default);
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData("~other:*", "+@all")]
    [InlineData("~*", "+@all -hset")]
    [InlineData("~*", "+@all -eval -evalsha")]
    public async Task A_right_that_is_missing_is_reported(string keys, string commands)
    {
        await _server.SetRightsAsync("few", ["&*", keys, .. commands.Split(' ')]);
        await using var connection = await ConnectAsync(options => (options.User, options.Password) = ("few", "secret"));
        await using var store = new RedisTokenStore(connection);

        var failure = await Assert.ThrowsAsync<TokenStoreConfigurationException>(
            () => store.CompareExchangeAsync(Key, "one", null, null, default).AsTask());
        Assert.Contains("Grant the rights that the page docs/processes.md", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_right_that_a_poll_lacks_is_reported()
    {
        await _server.SetRightsAsync("few", ["&*", "~*", "+@all", "-hget"]);
        await using var connection = await ConnectAsync(options => (options.User, options.Password) = ("few", "secret"));
        await using var store = new RedisTokenStore(connection, new RedisTokenStoreOptions { PollInterval = TimeSpan.FromMilliseconds(20) });

        await Assert.ThrowsAsync<TokenStoreConfigurationException>(
            () => store.WaitForChangeAsync(Key, "one", TimeSpan.FromMinutes(10), default).AsTask().WaitAsync(Gate.FailSafe, TimeProvider.System));
    }

    [Fact]
    public async Task A_connection_without_scripts_is_reported()
    {
        await using var connection = await ConnectAsync(options => options.CommandMap = CommandMap.Create(["EVAL", "EVALSHA"], available: false));
        await using var store = new RedisTokenStore(connection);

        await AssertSwitchedOffAsync(store);
    }

    [Fact]
    public async Task A_server_without_scripts_is_reported()
    {
        using var server = new RedisServer("--rename-command", "EVAL", "", "--rename-command", "EVALSHA", "");
        await server.StartAsync();
        await using var connection = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{server.Port},connectTimeout=2000,abortConnect=false");
        await using var store = new RedisTokenStore(connection);

        await AssertSwitchedOffAsync(store);
    }

    [Fact]
    public async Task A_database_that_the_server_lacks_is_reported()
    {
        await using var connection = await ConnectAsync(_ => { });
        await using var store = new RedisTokenStore(connection, new RedisTokenStoreOptions { Database = 1000 });

        var failure = await Assert.ThrowsAsync<TokenStoreConfigurationException>(() => store.ReadAsync(Key, default).AsTask());

        Assert.Contains("Set RedisTokenStoreOptions.Database", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_without_memory_is_named_and_uses_no_refresh_token()
    {
        await using var connection = await ConnectAsync(_ => { });
        await using var app = TestApp.Over(new RedisTokenStore(connection));
        await app.SignInAsync();
        await Server.ExecuteAsync("CONFIG", "SET", "maxmemory", "1");
        app.Tokens.ExpireAccessTokens();

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());

        Assert.Equal((TokenRefreshFailure.Transient, 0), (failure.Failure, app.Tokens.Calls));
        Assert.EndsWith("(RedisServerException, OOM)", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("password,foo=bar")]
    [InlineData("password,ssl=maybe")]
    [InlineData("password,channelPrefix=wrong:")]
    public async Task A_password_or_a_client_name_with_a_comma_breaks_nothing(string password)
    {
        await Server.ExecuteAsync("ACL", "SETUSER", "odd", "on", $">{password}", "~*", "&*", "+@all");
        await CheckNotifiedAsync(options => (options.User, options.Password, options.ClientName) = ("odd", password, "app,node=1"));
    }

    [Theory]
    [InlineData("app:")]
    [InlineData("my app: ")]
    public Task The_channel_has_the_prefix_of_the_connection(string prefix) =>
        CheckNotifiedAsync(options => options.ChannelPrefix = RedisChannel.Literal(prefix));

    [Fact]
    public async Task The_channel_has_the_prefix_of_the_connection_and_not_the_one_in_its_password()
    {
        await Server.ExecuteAsync("ACL", "SETUSER", "odd", "on", ">password,channelPrefix=wrong:", "~*", "&*", "+@all");
        await CheckNotifiedAsync(options => (options.User, options.Password, options.ChannelPrefix) =
            ("odd", "password,channelPrefix=wrong:", RedisChannel.Literal("app:")));
    }

    [Fact]
    public async Task The_channel_has_the_prefix_of_the_connection_after_the_server_was_busy()
    {
        await CheckNotifiedAsync(options => options.ChannelPrefix = RedisChannel.Literal("app:"), async (writer, connection) =>
        {
            await Server.ExecuteAsync("CONFIG", "SET", "lua-time-limit", "1");
            var endless = _administrator!.GetDatabase().ExecuteAsync("EVAL", "while true do end", "0");
            Exception? busy;
            do
            {
                busy = await Record.ExceptionAsync(async () => await connection.GetDatabase().PingAsync());
            }
            while (busy is null);

            await Assert.ThrowsAsync<RedisServerException>(() => writer.ReadAsync(Key, default).AsTask());
            await connection.GetDatabase().ExecuteAsync("SCRIPT", "KILL");
            await Assert.ThrowsAsync<RedisServerException>(() => endless);
        });
    }

    [Theory]
    [InlineData(Proxy.Twemproxy)]
    [InlineData(Proxy.Envoyproxy)]
    public async Task Over_a_proxy_without_channels_the_store_polls(Proxy proxy)
    {
        await using var connection = await ConnectAsync(options => options.Proxy = proxy);
        await using var store = new RedisTokenStore(connection, new RedisTokenStoreOptions { PollInterval = TimeSpan.FromMilliseconds(20) });
        var first = await store.CompareExchangeAsync(Key, "one", null, null, default);
        var waiting = store.WaitForChangeAsync(Key, first?.Revision, TimeSpan.FromMinutes(10), default).AsTask();

        await store.CompareExchangeAsync(Key, "two", first?.Revision, null, default);

        await waiting.WaitAsync(Gate.FailSafe, TimeProvider.System);
        Assert.Equal("two", (await store.ReadAsync(Key, default))?.Text);
    }

    [Fact]
    public async Task A_record_that_is_needed_no_longer_does_not_stay_for_good()
    {
        await using var store = new RedisTokenStore(_administrator!, new RedisTokenStoreOptions { TokenLifetime = TimeSpan.FromDays(1) });

        Assert.Equal("one", (await store.CompareExchangeAsync(Key, "one", null, TimeSpan.Zero, default))?.Text);

        var start = TimeProvider.System.GetTimestamp();
        while (await _administrator!.GetDatabase().KeyExistsAsync(store.KeyOf(Key)))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Gate.FailSafe, "The record stays.");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }

    private static async Task AssertSwitchedOffAsync(RedisTokenStore store)
    {
        var failure = await Assert.ThrowsAsync<TokenStoreConfigurationException>(() => store.ReadAsync(Key, default).AsTask());
        Assert.Contains("has switched off a command", failure.Message, StringComparison.Ordinal);
    }

    private async Task CheckNotifiedAsync(
        Action<ConfigurationOptions> configure, Func<RedisTokenStore, ConnectionMultiplexer, Task>? beforeWrite = null)
    {
        await using var here = await ConnectAsync(configure);
        await using var there = await ConnectAsync(configure);
        var noPoll = new RedisTokenStoreOptions { PollInterval = TimeSpan.FromMinutes(10) };
        await using var writer = new RedisTokenStore(here, noPoll);
        await using var reader = new RedisTokenStore(there, noPoll);
        Assert.Null(await reader.ReadAsync(Key, default));
        var waiting = reader.WaitForChangeAsync(Key, null, TimeSpan.FromMinutes(10), default).AsTask();
        await (beforeWrite?.Invoke(writer, here) ?? Task.CompletedTask);

        await writer.CompareExchangeAsync(Key, "one", null, null, default);

        await waiting.WaitAsync(Gate.FailSafe, TimeProvider.System);
    }

    private async Task<ConnectionMultiplexer> ConnectAsync(Action<ConfigurationOptions> configure)
    {
        var options = ConfigurationOptions.Parse($"127.0.0.1:{_server.Port},connectTimeout=2000,abortConnect=false");
        configure(options);
        return await ConnectionMultiplexer.ConnectAsync(options);
    }
}

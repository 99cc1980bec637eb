using System.Net;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;
using TokenRefresh.TestKit;

namespace TokenRefresh.Redis.Tests;

/// <summary>Redis goes away and comes back.</summary>
public sealed class OutageTests : IAsyncLifetime
{
    private readonly RedisServerFixture _server = new();

    private string Configuration => $"127.0.0.1:{_server.Port},connectTimeout=500,asyncTimeout=1000,syncTimeout=1000";

    public async ValueTask InitializeAsync()
    {
        await _server.InitializeAsync();
        _server.Require();
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task While_Redis_is_away_good_tokens_are_used_and_no_refresh_token_is_spent()
    {
        await using var app = Create(session => session.UseRedis(Configuration));
        await app.SignInAsync();
        _server.Stop();

        using var good = await app.GetAsync();
        app.Tokens.ExpireAccessTokens();
        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync().WaitAsync(Gate.FailSafe, TimeProvider.System));

        Assert.Equal(HttpStatusCode.OK, good.StatusCode);
        Assert.Equal(TokenRefreshFailure.Transient, failure.Failure);
        Assert.Equal(0, app.Tokens.Calls);
        Assert.Empty(app.ReLogins);

        // The record is gone with the server that kept it in memory: what the process knows is put back, and refreshed.
        await _server.StartAsync();
        var status = HttpStatusCode.Unauthorized;
        var start = TimeProvider.System.GetTimestamp();
        while (status != HttpStatusCode.OK && TimeProvider.System.GetElapsedTime(start) < Gate.FailSafe)
        {
            app.Time.Advance(TimeSpan.FromSeconds(40));
            try
            {
                var request = app.GetAsync();
                while (!request.IsCompleted)
                {
                    // After writing back it waits for a second.
                    app.Time.Advance(TimeSpan.FromMilliseconds(200));
                    await Task.WhenAny(request, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System));
                }

                using var response = await request;
                status = response.StatusCode;
            }
            catch (TokenRefreshException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
            }
        }

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(0, app.Tokens.ReusedRefreshTokenCount);
    }

    [Fact]
    public async Task An_app_starts_while_Redis_is_away_and_finds_it_later()
    {
        _server.Stop();
        await using var app = Create(session => session.UseRedis(Configuration));

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.SignInAsync(app.Tokens.Issue()));
        await _server.StartAsync();
        var start = TimeProvider.System.GetTimestamp();
        while (app.Session.State != TokenSessionState.SignedIn && TimeProvider.System.GetElapsedTime(start) < Gate.FailSafe)
        {
            try
            {
                await app.SignInAsync();
            }
            catch (TokenRefreshException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
            }
        }

        Assert.Equal(TokenRefreshFailure.Transient, failure.Failure);
        Assert.Equal(TokenSessionState.SignedIn, app.Session.State);
    }

    [Fact]
    public async Task Nothing_outlasts_the_callers_patience()
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{_server.Port},asyncTimeout=60000,connectTimeout=500,abortConnect=false");
        var store = new RedisTokenStore(connection);
        var key = new TokenSessionKey("orders");
        await store.ReadAsync(key, default);
        _server.Stop();
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(300), TimeProvider.System);

        var start = TimeProvider.System.GetTimestamp();
        await Assert.ThrowsAnyAsync<Exception>(() => store.ReadAsync(key, patience.Token).AsTask());

        Assert.InRange(TimeProvider.System.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Theory]
    [InlineData("string")]
    [InlineData("service")]
    [Trait("Case", "C22")]
    public async Task A_refresh_under_way_at_shutdown_is_saved_before_the_connection_is_closed(string way)
    {
        await using var reader = await ConnectionMultiplexer.ConnectAsync(Configuration);
        var app = Create(
            session => _ = way == "string" ? session.UseRedis(Configuration) : session.UseRedis(provider => provider.GetRequiredService<IConnectionMultiplexer>()),
            services => services.AddSingleton<IConnectionMultiplexer>(_ => ConnectionMultiplexer.Connect(Configuration)));
        await app.SignInAsync();
        var saved = new OtherProcess(new RedisTokenStore(reader), new TokenSessionKey(TestApp.Name));
        var first = await saved.LoadAsync();
        app.Tokens.ExpireAccessTokens();
        var gate = app.Tokens.Hold();
        var request = app.GetAsync();
        await gate.ArrivedAsync(1);

        var closing = app.DisposeAsync().AsTask();
        gate.Open();
        await closing.WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(first.Version + 1, (await saved.LoadAsync()).Version);
        using var response = await request;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("string")]
    [InlineData("connection")]
    [InlineData("service")]
    public async Task Every_way_to_a_connection_leads_to_the_same_record(string way)
    {
        await using var own = await ConnectionMultiplexer.ConnectAsync(Configuration);
        await using var app = Create(
            session => _ = way switch
            {
                "string" => session.UseRedis(Configuration),
                "connection" => session.UseRedis(own),
                _ => session.UseRedis(provider => provider.GetRequiredService<IConnectionMultiplexer>()),
            },
            services => services.AddSingleton<IConnectionMultiplexer>(own));
        await app.SignInAsync();

        Assert.Equal("refresh-1", (await new OtherProcess(new RedisTokenStore(own), new TokenSessionKey(TestApp.Name)).TokensAsync())?.RefreshToken);
    }

    private static TestApp Create(Action<TokenSessionBuilder> configure, Action<IServiceCollection>? services = null) => TestApp.Create(services: collection =>
    {
        services?.Invoke(collection);
        configure(collection.AddTokenSession(TestApp.Name).AllowUnencryptedStore());
    });
}

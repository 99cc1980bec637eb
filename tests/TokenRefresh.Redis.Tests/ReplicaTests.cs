using StackExchange.Redis;
using TokenRefresh.TestKit;
using Xunit;

namespace TokenRefresh.Redis.Tests;

/// <summary>The primary is gone, and a replica that has nothing yet still answers.</summary>
[Trait("Case", "S13")]
public sealed class ReplicaTests : IAsyncLifetime
{
    private readonly RedisServerFixture _primary = new();
    private readonly RedisServerFixture _replica = new();

    public async ValueTask InitializeAsync()
    {
        await _primary.InitializeAsync();
        await _replica.InitializeAsync();
        _primary.Require();
    }

    public async ValueTask DisposeAsync()
    {
        await _primary.DisposeAsync();
        await _replica.DisposeAsync();
    }

    [Fact]
    public async Task An_empty_replica_is_not_read_and_the_session_fails_closed()
    {
        await using (var administrator = await _replica.ConnectAsync())
        {
            // A replica of a server that can't be reached: it stays empty.
            await administrator.GetServers()[0].ExecuteAsync("REPLICAOF", "127.0.0.1", $"{FreePort.Find()}");
        }

        await using var connection = await ConnectionMultiplexer.ConnectAsync(
            $"127.0.0.1:{_primary.Port},127.0.0.1:{_replica.Port},connectTimeout=500,asyncTimeout=1000,abortConnect=false");
        await using var app = TestApp.Over(new RedisTokenStore(connection));
        await new OtherProcess(new RedisTokenStore(connection), new TokenSessionKey(TestApp.Name)).SignInAsync(app.Tokens.Issue());
        _primary.Stop();

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync().WaitAsync(Gate.FailSafe, TimeProvider.System));

        Assert.Equal(TokenRefreshFailure.Transient, failure.Failure);
        Assert.Equal((TokenSessionState.NotLoaded, 0), (app.Session.State, app.Api.Calls));
        await Assert.ThrowsAnyAsync<RedisException>(
            () => new RedisTokenStore(connection).WaitForChangeAsync(new TokenSessionKey(TestApp.Name), "a", TimeSpan.FromSeconds(30), default).AsTask());
    }
}

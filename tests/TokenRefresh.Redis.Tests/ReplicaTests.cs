using StackExchange.Redis;
using TokenRefresh.TestKit;

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
        await MakeReplicaAsync();
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

    [Fact]
    public async Task An_empty_replica_that_a_client_takes_for_the_primary_reports_no_missing_record()
    {
        await MakeReplicaAsync();
        await using var connection = await _replica.ConnectAsync();
        using var script = typeof(RedisTokenStore).Assembly.GetManifestResourceStream("exchange.lua")!;
        using var reader = new StreamReader(script);

        var failure = await Assert.ThrowsAsync<RedisServerException>(async () => await connection.GetDatabase().ScriptEvaluateAsync(
            await reader.ReadToEndAsync(), ["key"], ["channel", "name", "", "", "", "0"], CommandFlags.PreferReplica));

        Assert.Contains("READONLY", failure.Message, StringComparison.Ordinal);
    }

    // Of a server that can't be reached: it stays empty.
    private async Task MakeReplicaAsync()
    {
        await using var administrator = await _replica.ConnectAsync();
        await administrator.GetServers()[0].ExecuteAsync("REPLICAOF", "127.0.0.1", $"{FreePort.Find()}");
    }
}

using System.Net;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>A user's session waits while another process refreshes. The refresh token is used once, whatever happens to the wait.</summary>
public sealed class WaitForOtherProcessTests
{
    private readonly MemoryTokenStore _records = new();

    [Fact]
    public async Task A_wait_lasts_as_long_as_the_other_process_needs()
    {
        var store = new WatchedWaits(_records);
        await using var cluster = TestCluster.Start(2, number => number == 0 ? _records : store);
        await cluster.SignInAsync();
        var gate = cluster.Tokens.Hold();
        var leading = cluster[0].Session.RefreshAsync();
        await gate.ArrivedAsync(1);
        var following = cluster[1].Session.RefreshAsync();
        await store.Waits.ArrivedAsync(1);

        // A client would wait for a third of RefreshTimeout only.
        cluster.Time.Advance(TimeSpan.FromSeconds(20));
        Assert.False(store.IsCancelled);
        gate.Open();

        await Task.WhenAll(leading, following).WaitAsync(Gate.FailSafe, TimeProvider.System);
        Assert.Equal(["refresh-1"], cluster.Tokens.ReceivedRefreshTokens);
        Assert.Equal("access-2", await cluster[1].Session.GetAccessTokenAsync());
    }

    [Fact]
    public async Task A_wait_that_fails_uses_no_refresh_token()
    {
        var store = new FailingStore(_records);
        await using var cluster = TestCluster.Start(2, number => number == 0 ? _records : store);
        await cluster.SignInAsync();
        var gate = cluster.Tokens.Hold();
        var leading = cluster[0].Session.RefreshAsync();
        await gate.ArrivedAsync(1);
        store.WaitsFail = true;

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(
            () => cluster[1].Session.RefreshAsync().WaitAsync(Gate.FailSafe, TimeProvider.System));

        Assert.Contains("so the refresh token wasn't used", failure.Message, StringComparison.Ordinal);
        gate.Open();
        await leading;
        Assert.Equal(["refresh-1"], cluster.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    public async Task A_lease_whose_answer_was_lost_is_not_waited_for()
    {
        var store = new LossyStore();
        await using var app = TestApp.Over(store);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        store.LosesAcquires = true;
        await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());
        store.LosesAcquires = false;
        app.Time.Advance(TimeSpan.FromSeconds(2));

        using var response = await app.GetAsync().WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    public async Task A_lease_that_couldnt_be_released_is_not_waited_for()
    {
        var store = new FailingStore(_records);
        await using var app = TestApp.Over(store, options => options.ConfigureRefreshPipeline = _ => { });
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();

        // The network goes during the token call, and is back two seconds later.
        app.Tokens.RespondOnce((_, _) =>
        {
            store.IsAway = true;
            throw new HttpRequestException(HttpRequestError.ConnectionError, "no network");
        });
        await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());
        store.IsAway = false;
        app.Time.Advance(TimeSpan.FromSeconds(2));

        using var response = await app.GetAsync().WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["refresh-1", "refresh-1"], app.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    public async Task A_store_that_fails_during_a_pause_of_the_endpoint_doesnt_hide_why_there_is_a_pause()
    {
        var store = new FailingStore(_records);
        await using var app = TestApp.Over(store, options => options.ConfigureRefreshPipeline = _ => { });
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        app.Tokens.RespondAlways(HttpStatusCode.ServiceUnavailable);
        await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());

        // The second failure makes the pause longer than the interval at which the store is read.
        app.Time.Advance(TimeSpan.FromSeconds(1.3));
        var endpoints = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());
        app.Time.Advance(TimeSpan.FromSeconds(1.1));
        store.IsAway = true;
        var during = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());

        Assert.Equal(endpoints.Message, during.Message);
        Assert.Equal(2, app.Tokens.Calls);
    }

    /// <summary>A store that shows whether a wait was cancelled.</summary>
    private sealed class WatchedWaits(ITokenStore store) : StoreAround(store)
    {
        public Gate Waits { get; } = new();

        public bool IsCancelled { get; private set; }

        public override async ValueTask WaitForChangeAsync(
            TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken)
        {
            using var registration = cancellationToken.Register(() => IsCancelled = true);
            _ = Waits.PassAsync(CancellationToken.None);
            await base.WaitForChangeAsync(key, revision, timeout, cancellationToken);
        }
    }

    /// <summary>A store that writes a lease, and whose answer is lost.</summary>
    private sealed class LossyStore : StoreAround
    {
        public bool LosesAcquires { get; set; }

        protected override async ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken)
        {
            var stored = await base.WriteAsync(write, cancellationToken);
            return LosesAcquires && write.Kind == StoreWriteKind.Acquire ? throw new IOException("The answer is lost.") : stored;
        }
    }
}

using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>RefreshAsync, and the method that replaces a rejected token: when they call the endpoint.</summary>
public sealed class ForcedRefreshTests
{
    [Fact]
    public async Task A_forced_refresh_that_joins_a_flight_without_a_call_makes_the_call_afterwards()
    {
        var store = new GatedReads(new MemoryTokenStore());
        await using var app = TestApp.Over(store, options => options.ConfigureRefreshPipeline = _ => { });
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        app.Tokens.RespondOnce(HttpStatusCode.ServiceUnavailable);
        await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());

        // The cool-down lasts one second more or less. The second failure makes it longer than the store's recheck interval.
        app.Time.Advance(TimeSpan.FromSeconds(1.3));
        app.Tokens.RespondOnce(HttpStatusCode.ServiceUnavailable);
        await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());
        app.Time.Advance(TimeSpan.FromSeconds(1.1));
        store.Gate = new Gate();
        var looking = app.GetAsync();
        await store.Gate.ArrivedAsync(1);
        var calls = app.Tokens.Calls;

        var forced = app.Session.RefreshAsync();
        store.Gate.Open();

        await forced.WaitAsync(Gate.FailSafe, TimeProvider.System);
        await Assert.ThrowsAsync<TokenRefreshException>(() => looking);
        Assert.Equal(1, app.Tokens.Calls - calls);
    }

    [Fact]
    public async Task A_forced_refresh_in_the_pause_that_the_server_asked_for_reads_a_slow_store_once()
    {
        var store = new GatedReads(new MemoryTokenStore());
        await using var app = TestApp.Over(store);
        await app.SignInAsync();
        app.Time.Advance(TimeSpan.FromMinutes(10));
        await BeAskedToWaitAsync(app);
        store.Gate = new Gate();

        var forced = app.Session.RefreshAsync();
        await store.Gate.ArrivedAsync(1);
        app.Time.Advance(TimeSpan.FromSeconds(2));
        store.Gate.Open();

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => forced.WaitAsync(Gate.FailSafe, TimeProvider.System));
        Assert.NotNull(failure.RetryAfter);
        Assert.Equal(1, store.Gate.Arrived);
        Assert.Equal(1, app.Tokens.Calls);
    }

    [Fact]
    public async Task A_forced_refresh_of_a_valid_token_respects_the_pause_that_only_this_process_knows()
    {
        var storesClock = new FakeTimeProvider();
        await using var app = TestApp.Over(new MemoryTokenStore(storesClock));
        await app.SignInAsync();
        await BeAskedToWaitAsync(app);

        // By the store's clock the pause in the record is over.
        storesClock.Advance(TimeSpan.FromHours(1));

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.RefreshAsync());
        Assert.Equal(TimeSpan.FromHours(1) - TimeSpan.FromSeconds(2), failure.RetryAfter);
        Assert.Equal(1, app.Tokens.Calls);
    }

    [Fact]
    public async Task A_forced_refresh_in_the_pause_that_the_server_asked_for_takes_what_another_process_has_refreshed()
    {
        var store = new MemoryTokenStore();
        await using var app = TestApp.Over(store);
        await app.SignInAsync();
        await BeAskedToWaitAsync(app);
        await store.RotateElsewhereAsync(app.Tokens.RefreshFromAnotherClient("refresh-1"));

        await app.Session.RefreshAsync();

        Assert.Equal("access-2", await app.Session.GetAccessTokenAsync());
        Assert.Equal(1, app.Tokens.Calls);
        Assert.Null(app.Session.GetHealth().LastFailure);
    }

    [Fact]
    public async Task A_forced_refresh_of_an_expired_token_takes_what_another_process_has_refreshed()
    {
        var store = new MemoryTokenStore();
        await using var app = TestApp.Over(store);
        await app.SignInAsync();
        app.Time.Advance(TimeSpan.FromMinutes(10));
        await store.RotateElsewhereAsync(app.Tokens.RefreshFromAnotherClient("refresh-1"));

        await app.Session.RefreshAsync();

        Assert.Equal(0, app.Tokens.Calls);
        Assert.Equal("access-2", await app.Session.GetAccessTokenAsync());
    }

    [Fact]
    public async Task A_forced_refresh_of_an_expired_token_without_a_refresh_token_ends_the_login()
    {
        await using var app = TestApp.Create();
        await app.Session.SignInAsync(new TokenSet("access-only") { ExpiresAt = app.Time.GetUtcNow().AddMinutes(5) });
        app.Time.Advance(TimeSpan.FromMinutes(6));

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.RefreshAsync());

        Assert.Equal(TokenRefreshFailure.ReLoginRequired, failure.Failure);
        Assert.Equal(TokenSessionState.ReLoginRequired, app.Session.State);
    }

    [Fact]
    public async Task A_forced_refresh_without_a_refresh_token_acquires_one_lease()
    {
        using var log = new CapturingLoggerProvider();
        await using var app = TestApp.Over(new MemoryTokenStore(), services: log.Add);
        await app.Session.SignInAsync(new TokenSet("access-only"));

        await Assert.ThrowsAsync<InvalidOperationException>(() => app.Session.RefreshAsync());

        Assert.Single(log.Messages, message => message.EventName == "RefreshStarted");
    }

    [Fact]
    public async Task A_disposed_session_says_so_also_if_no_user_is_signed_in()
    {
        var app = TestApp.Create();
        var session = app.Session;
        await app.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => session.RefreshAsync());
    }

    [Fact]
    public async Task A_rejected_token_that_has_been_replaced_starts_no_refresh()
    {
        await using var app = TestApp.Create(options => options.MinRefreshInterval = TimeSpan.Zero);
        Assert.Null(await app.Session.GetAccessTokenAsync("access-1"));
        await app.SignInAsync();
        await app.Session.RefreshAsync();

        Assert.Equal("access-2", await app.Session.GetAccessTokenAsync("access-1"));

        Assert.Equal(1, app.Tokens.Calls);
    }

    /// <summary>A refresh fails because the server asks for a pause of an hour. Two seconds later the store may be read again.</summary>
    private static async Task BeAskedToWaitAsync(TestApp app)
    {
        app.Tokens.RespondOnce((_, _) => Task.FromResult<HttpResponseMessage?>(new HttpResponseMessage(HttpStatusCode.TooManyRequests)
        {
            Headers = { RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromHours(1)) },
        }));
        await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.RefreshAsync());
        app.Time.Advance(TimeSpan.FromSeconds(2));
    }
}

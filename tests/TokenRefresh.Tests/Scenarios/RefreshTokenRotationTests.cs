using System.Net;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>Another process rotates, or saving fails: a used refresh token is never sent again.</summary>
public sealed class RefreshTokenRotationTests
{
    [Fact]
    [Trait("Case", "C33")]
    public async Task Our_invalid_grant_is_no_re_login_when_another_process_has_rotated_meanwhile()
    {
        await using var scene = await Scene.SetAsync();
        scene.App.Tokens.RespondOnce(async (_, _) =>
        {
            await scene.Store.RotateElsewhereAsync(new TokenSet("other-access", "other-refresh"));
            return new HttpResponseMessage(HttpStatusCode.BadRequest) { Content = new StringContent("""{"error":"invalid_grant"}""") };
        });

        var held = await scene.HoldAndExpireAsync(20);

        Assert.All(held, result => Assert.Equal(HttpStatusCode.OK, result.Status));
        Assert.Equal(["refresh-1"], scene.App.Tokens.ReceivedRefreshTokens);
        Assert.Equal(20, scene.App.Api.CallsWith("other-access"));
        Assert.Empty(scene.App.ReLogins);
        Assert.Equal("other-refresh", await scene.StoredRefreshTokenAsync());
    }

    [Fact]
    [Trait("Case", "C33")]
    public async Task After_the_adopted_set_has_expired_its_own_refresh_token_is_used()
    {
        await using var scene = await Scene.SetAsync();
        scene.App.Tokens.RespondOnce(async (_, _) =>
        {
            await scene.Store.RotateElsewhereAsync(new TokenSet("other-access", "other-refresh"));
            return new HttpResponseMessage(HttpStatusCode.BadRequest) { Content = new StringContent("""{"error":"invalid_grant"}""") };
        });
        await scene.HoldAndExpireAsync(1);

        scene.App.Tokens.RespondAlways(HttpStatusCode.OK, """{"access_token":"access-9"}""");
        await scene.App.Session.RefreshAsync();

        Assert.Equal(["refresh-1", "other-refresh"], scene.App.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    [Trait("Case", "C34")]
    public async Task Newer_tokens_in_the_store_are_adopted_without_a_refresh()
    {
        await using var scene = await Scene.SetAsync();
        await scene.Store.RotateElsewhereAsync(new TokenSet("other-access", "other-refresh"));

        var held = await scene.HoldAndExpireAsync(20);

        Assert.All(held, result => Assert.Equal(HttpStatusCode.OK, result.Status));
        Assert.Equal(0, scene.App.Tokens.Calls);
        Assert.Equal(20, scene.App.Api.CallsWith("other-access"));
        Assert.Empty(scene.App.ReLogins);
    }

    [Fact]
    [Trait("Case", "C35")]
    public async Task When_saving_fails_the_requests_succeed_and_the_pair_is_saved_later()
    {
        var log = new CapturingLoggerProvider();
        var store = new FailingStore();
        await using var app = TestApp.Over(store, services: log.Add);
        var gate = await HoldAsync(app, 10);
        store.SavesFail = true;

        app.Api.Release();
        var statuses = await TestApp.StatusesOf(gate);

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
        Assert.Equal("refresh-1", await store.RefreshTokenAsync());
        Assert.Single(log.Messages, message => message.EventName == "SaveFailed");

        // It is tried again a second later, and two seconds after that.
        await store.Saves.ArrivedAsync(1);
        await AdvanceUntilAsync(app, () => store.Saves.Arrived >= 2);
        store.SavesFail = false;
        await AdvanceUntilAsync(app, () => log.Messages.Any(message => message.EventName == "DeferredSaveSucceeded"));
        Assert.Equal("refresh-2", await store.RefreshTokenAsync());
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    [Trait("Case", "C35")]
    public async Task While_saving_fails_the_token_is_used_and_no_refresh_token()
    {
        var store = new FailingStore();
        await using var app = TestApp.Over(store);
        var requests = await HoldAsync(app, 1);
        store.SavesFail = true;
        app.Api.Release();
        await TestApp.StatusesOf(requests);

        using var response = await app.GetAsync();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);

        app.Tokens.ExpireAccessTokens();
        app.Time.Advance(TimeSpan.FromSeconds(10));
        var failed = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());
        Assert.Equal(TokenRefreshFailure.Transient, failed.Failure);
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);

        store.SavesFail = false;
        app.Time.Advance(TimeSpan.FromSeconds(31));
        using var mended = await app.GetAsync();
        Assert.Equal(HttpStatusCode.OK, mended.StatusCode);
        Assert.Equal(["refresh-1", "refresh-2"], app.Tokens.ReceivedRefreshTokens);
        Assert.Equal("refresh-3", await store.RefreshTokenAsync());
        Assert.Empty(app.ReLogins);
    }

    [Fact]
    [Trait("Case", "C35")]
    public async Task A_store_that_cant_be_asked_keeps_the_refresh_token_unspent()
    {
        var store = new FailingStore();
        await using var app = TestApp.Over(store);
        var requests = await HoldAsync(app, 5);
        store.Refused = StoreWriteKind.Acquire;

        app.Api.Release();
        foreach (var request in requests)
        {
            var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => request);
            Assert.Equal(TokenRefreshFailure.Transient, exception.Failure);
        }

        Assert.Equal(0, app.Tokens.Calls);
        Assert.Equal(TokenSessionState.SignedIn, app.Session.State);
    }

    private static async Task<Task<HttpResponseMessage>[]> HoldAsync(TestApp app, int count)
    {
        await app.SignInAsync();
        var requests = await app.SendAtOnceAsync(count);
        app.Tokens.ExpireAccessTokens();
        return requests;
    }

    // Steps on, since what is waited for happens in the background; real time only ends a test that hangs.
    private static async Task AdvanceUntilAsync(TestApp app, Func<bool> condition)
    {
        using var failSafe = new CancellationTokenSource(Gate.FailSafe, TimeProvider.System);
        while (!condition())
        {
            failSafe.Token.ThrowIfCancellationRequested();
            app.Time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }
    }
}

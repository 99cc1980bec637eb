using System.Net;
using TokenRefresh.Storage;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>A sign-out or a new sign-in wins over a running refresh, and the end of a login is reported once.</summary>
public sealed class SignOutTests
{
    public static TheoryData<string> Answers => new("success", "invalid_grant", "transient");

    [Theory]
    [Trait("Case", "C36")]
    [MemberData(nameof(Answers))]
    public async Task Sign_out_during_a_flight_leaves_the_store_empty_whatever_comes(string answer)
    {
        var store = new MemoryTokenStore();
        await using var app = TestApp.Over(store);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        Script(app, answer);
        var refresh = app.Tokens.Hold();
        var requests = Enumerable.Range(0, 20).Select(_ => app.GetAsync()).ToArray();
        await refresh.ArrivedAsync(1);

        await app.Session.SignOutAsync();
        var received = await TestApp.StatusesOf(requests);
        app.Tokens.Release();
        using var later = await app.GetAsync();

        // Disposal waits for the flight: whatever it would do, it has done.
        await app.Services.DisposeAsync();
        Assert.All(received, status => Assert.Equal(HttpStatusCode.Unauthorized, status));
        Assert.Equal(HttpStatusCode.Unauthorized, later.StatusCode);
        Assert.Null(app.Api.Received[^1].Authorization);
        Assert.Equal(LoginStatus.SignedOut, (await store.LoadAsync()).Status);
        Assert.Equal(0, app.Api.CallsWith("access-2"));
        Assert.Empty(app.ReLogins);
        Assert.Empty(app.Refreshes);
    }

    [Fact]
    [Trait("Case", "C36")]
    public async Task A_forced_refresh_that_a_sign_out_overtakes_does_not_pass_for_a_success()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        var refresh = app.Tokens.Hold();
        var forced = app.Session.RefreshAsync();
        await refresh.ArrivedAsync(1);

        await app.Session.SignOutAsync();

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => forced.WaitAsync(Gate.FailSafe, TimeProvider.System));
        Assert.Equal(TokenRefreshFailure.ReLoginRequired, failure.Failure);
    }

    [Theory]
    [Trait("Case", "C37")]
    [MemberData(nameof(Answers))]
    public async Task Nothing_of_the_old_login_reaches_the_new_one(string answer)
    {
        var store = new MemoryTokenStore();
        await using var app = TestApp.Over(store);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        Script(app, answer);
        var refresh = app.Tokens.Hold();
        var ofA = app.GetAsync();
        await refresh.ArrivedAsync(1);

        await app.Session.SignOutAsync();
        var b = await app.SignInAsync();
        app.Tokens.Release();
        var received = await ofA.WaitAsync(Gate.FailSafe, TimeProvider.System);
        using var ofB = await app.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, received.StatusCode);
        Assert.Equal(HttpStatusCode.OK, ofB.StatusCode);
        Assert.Equal(b.AccessToken, app.Api.Received[^1].Token);
        Assert.Equal(2, app.Api.Calls);
        await app.Services.DisposeAsync();
        Assert.Equal(TokenSessionState.SignedIn, app.Session.State);
        Assert.Empty(app.ReLogins);
    }

    [Fact]
    [Trait("Case", "C36")]
    public async Task Under_throw_a_held_request_gets_an_exception_for_the_sign_out()
    {
        await using var app = TestApp.Create(options => options.ReLoginResult = ReLoginResult.Throw);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var refresh = app.Tokens.Hold();
        var request = app.GetAsync();
        await refresh.ArrivedAsync(1);

        await app.Session.SignOutAsync();

        var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => request.WaitAsync(Gate.FailSafe, TimeProvider.System));
        Assert.Equal(TokenRefreshFailure.ReLoginRequired, exception.Failure);
    }

    [Theory]
    [Trait("Case", "C38")]
    [MemberData(nameof(Crowd.Sizes), MemberType = typeof(Crowd))]
    public async Task A_dead_login_raises_one_event_and_the_next_sign_in_arms_it_again(int count)
    {
        await using var app = TestApp.Create();
        for (var login = 1; login <= 2; login++)
        {
            app.Api.Release();
            await app.SignInAsync();
            var requests = await app.SendAtOnceAsync(count);
            app.Tokens.ExpireAccessTokens();
            app.Tokens.RevokeRefreshTokens();

            app.Api.Release();
            var statuses = await TestApp.StatusesOf(requests);

            Assert.All(statuses, status => Assert.Equal(HttpStatusCode.Unauthorized, status));
            Assert.Equal(login, app.ReLogins.Count);
            Assert.Equal(login, app.Tokens.Calls);
        }
    }

    [Fact]
    [Trait("Case", "C38")]
    public async Task A_subscriber_that_throws_doesnt_stop_the_others()
    {
        await using var app = TestApp.Create(options => options.OnReLoginRequired = (_, _, _) => throw new InvalidOperationException("callback"));
        await app.SignInAsync();
        var raised = 0;
        app.Session.ReLoginRequired += (_, _) => throw new InvalidOperationException("subscriber");
        app.Session.ReLoginRequired += (_, _) => raised++;

        var statuses = await KillAndSendAsync(app);

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.Unauthorized, status));

        // Requests wait 100 ms for the handlers at most, and a busy machine may need longer.
        await Eventually.UntilAsync(() => raised > 0);
        Assert.Equal(1, raised);
    }

    [Fact]
    [Trait("Case", "C38")]
    public async Task A_subscriber_that_blocks_keeps_no_waiter()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        var blocked = new Gate();
        app.Session.ReLoginRequired += (_, _) => blocked.PassAsync().GetAwaiter().GetResult();

        var statuses = await KillAndSendAsync(app);

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.Unauthorized, status));
        await blocked.ArrivedAsync(1);
        Assert.Equal(1, blocked.Arrived);
        blocked.Open();
    }

    [Fact]
    [Trait("Case", "C38")]
    public async Task A_subscriber_may_call_the_same_client_and_wait_for_it()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        var inside = new TaskCompletionSource<HttpStatusCode>(TaskCreationOptions.RunContinuationsAsynchronously);
        app.Session.ReLoginRequired += (_, _) => inside.SetResult(app.GetAsync().GetAwaiter().GetResult().StatusCode);

        var statuses = await KillAndSendAsync(app);

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.Unauthorized, status));
        Assert.Equal(HttpStatusCode.Unauthorized, await inside.Task.WaitAsync(Gate.FailSafe, TimeProvider.System));
    }

    [Fact]
    [Trait("Case", "C38")]
    public async Task A_subscriber_may_sign_in_again()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Session.ReLoginRequired += (_, _) => app.Session.SignInAsync(app.Tokens.Issue()).GetAwaiter().GetResult();

        var held = await KillAndSendAsync(app);
        using var next = await app.GetAsync();

        // They were made under the old login: none of them is sent with the new one's token.
        Assert.All(held, status => Assert.Equal(HttpStatusCode.Unauthorized, status));
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
        Assert.Equal(1, app.Tokens.Calls);
    }

    [Theory]
    [Trait("Case", "C36")]
    [InlineData(ReLoginResult.Return401)]
    [InlineData(ReLoginResult.Throw)]
    public async Task A_request_that_is_held_before_it_is_sent_isnt_sent_without_a_token_after_a_sign_out(ReLoginResult result)
    {
        await using var app = TestApp.Create(options => options.ReLoginResult = result);
        await app.SignInAsync();
        app.Api.Answer(_ => new HttpResponseMessage(HttpStatusCode.OK));
        app.Time.Advance(TimeSpan.FromMinutes(6));
        var gate = app.Tokens.Hold();
        var request = Scene.Result.OfAsync(app.Client.PostAsync(new Uri("orders", UriKind.Relative), new StringContent("one")));
        await gate.ArrivedAsync(1);
        await app.Session.SignOutAsync();
        app.Tokens.Release();

        var got = await request;
        Assert.Equal(0, app.Api.Calls);
        Assert.NotEqual(HttpStatusCode.OK, got.Status);
    }

    private static async Task<System.Collections.Generic.IReadOnlyList<HttpStatusCode>> KillAndSendAsync(TestApp app)
    {
        var requests = await app.SendAtOnceAsync(50);
        app.Tokens.ExpireAccessTokens();
        app.Tokens.RevokeRefreshTokens();
        app.Api.Release();
        return await TestApp.StatusesOf(requests);
    }

    private static void Script(TestApp app, string answer)
    {
        switch (answer)
        {
            case "invalid_grant":
                app.Tokens.RevokeRefreshTokens();
                break;
            case "transient":
                app.Tokens.RespondOnce((_, _) => Task.FromResult<HttpResponseMessage?>(new HttpResponseMessage(HttpStatusCode.TooManyRequests)
                {
                    Headers = { RetryAfter = new System.Net.Http.Headers.RetryConditionHeaderValue(TimeSpan.FromSeconds(1)) },
                }));
                break;
        }
    }
}

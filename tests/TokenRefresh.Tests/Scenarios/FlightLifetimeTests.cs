using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>A flight doesn't depend on the request that started it: a cancelled caller leaves alone, and the disposal waits.</summary>
public sealed class FlightLifetimeTests
{
    [Theory]
    [Trait("Case", "C17")]
    [MemberData(nameof(Crowd.Sizes), MemberType = typeof(Crowd))]
    public async Task Inside_the_window_no_request_waits_and_one_refresh_is_sent(int count)
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        var refresh = app.Tokens.Hold();
        app.Time.Advance(TimeSpan.FromMinutes(4.2));

        var statuses = await TestApp.StatusesOf(Enumerable.Range(0, count).Select(_ => app.GetAsync()));
        await refresh.ArrivedAsync(1);

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.Equal(count, app.Api.CallsWith("access-1"));
        Assert.Equal(1, app.Tokens.Calls);
        var joined = app.Session.RefreshAsync();
        refresh.Open();
        await joined;
        using var next = await app.GetAsync();
        Assert.Equal("access-2", app.Api.Received[^1].Token);
    }

    [Fact]
    [Trait("Case", "C17")]
    public async Task A_failing_background_refresh_is_unseen_while_the_token_is_good_and_waits_thirty_seconds()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        var failed = new Gate();
        app.Tokens.RespondAlways((_, _) =>
        {
            _ = failed.PassAsync();
            return Task.FromResult<HttpResponseMessage?>(new HttpResponseMessage(HttpStatusCode.BadRequest) { Content = new StringContent("""{"error":"slow_down"}""") });
        });
        app.Time.Advance(TimeSpan.FromMinutes(4.2));

        using var first = await app.GetAsync();
        await AdvanceUntilAsync(app, failed, attempts: 3);
        for (var second = 0; second < 20; second++)
        {
            using var response = await app.GetAsync();
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            app.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(3, app.Tokens.Calls);
        Assert.Empty(app.ReLogins);
    }

    [Fact]
    public async Task A_token_inside_its_buffer_goes_on_being_used_while_its_refresh_fails()
    {
        await using var scene = await Scene.SetAsync();
        scene.App.Tokens.RespondAlways(HttpStatusCode.ServiceUnavailable, "");
        scene.App.Time.Advance(TimeSpan.FromMinutes(4.9));

        using var first = await scene.App.GetAsync();
        var calls = scene.App.Tokens.Calls;
        using var second = await scene.App.GetAsync();

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (first.StatusCode, second.StatusCode));
        Assert.Equal(2, scene.App.Api.CallsWith("access-1"));
        Assert.Equal((3, 3), (calls, scene.App.Tokens.Calls));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0)]
    [InlineData(120)]
    public async Task A_buffer_that_is_set_holds_requests_back_that_long_before_the_expiry(int? window)
    {
        await using var app = TestApp.Create(options =>
            (options.ExpiryBuffer, options.RefreshWindow) = (TimeSpan.FromMinutes(2), window is { } seconds ? TimeSpan.FromSeconds(seconds) : null));
        await app.SignInAsync();
        app.Time.Advance(TimeSpan.FromMinutes(3));

        using var response = await app.GetAsync();

        Assert.Equal("access-2", Assert.Single(app.Api.Received).Token);
    }

    [Theory]
    [Trait("Case", "C18")]
    [MemberData(nameof(Crowd.Sizes), MemberType = typeof(Crowd))]
    public async Task The_request_that_started_the_flight_is_cancelled_and_the_others_succeed(int count)
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var refresh = app.Tokens.Hold();
        using var cancellation = new CancellationTokenSource();
        var starter = app.GetAsync(cancellation.Token);
        await refresh.ArrivedAsync(1);
        var others = Enumerable.Range(0, count).Select(_ => app.GetAsync()).ToArray();

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => starter.WaitAsync(Gate.FailSafe, TimeProvider.System));
        Assert.All(others, other => Assert.False(other.IsCompleted));
        refresh.Open();
        var statuses = await TestApp.StatusesOf(others);

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.Equal(1, app.Tokens.Calls);
        Assert.Equal("access-2", await app.Session.GetAccessTokenAsync());
    }

    [Theory]
    [Trait("Case", "C19")]
    [MemberData(nameof(Crowd.Sizes), MemberType = typeof(Crowd))]
    public async Task A_cancelled_waiter_leaves_alone_and_at_once(int count)
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var refresh = app.Tokens.Hold();
        using var cancellation = new CancellationTokenSource();
        var first = app.GetAsync();
        await refresh.ArrivedAsync(1);
        var waiter = app.GetAsync(cancellation.Token);
        var others = Enumerable.Range(0, count).Select(_ => app.GetAsync()).ToArray();

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiter.WaitAsync(Gate.FailSafe, TimeProvider.System));
        Assert.All([first, .. others], other => Assert.False(other.IsCompleted));
        refresh.Open();

        Assert.All(await TestApp.StatusesOf([first, .. others]), status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.Equal(1, app.Tokens.Calls);
    }

    [Theory]
    [Trait("Case", "C20")]
    [MemberData(nameof(Crowd.Sizes), MemberType = typeof(Crowd))]
    public async Task All_are_cancelled_and_the_flight_still_finishes_and_is_used(int count)
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var refresh = app.Tokens.Hold();
        using var cancellation = new CancellationTokenSource();
        var requests = Enumerable.Range(0, count).Select(_ => app.GetAsync(cancellation.Token)).ToArray();
        await refresh.ArrivedAsync(1);

        await cancellation.CancelAsync();
        foreach (var request in requests)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request.WaitAsync(Gate.FailSafe, TimeProvider.System));
        }

        refresh.Open();
        using var next = await app.GetAsync().WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    [Trait("Case", "C20")]
    public async Task A_client_timeout_shorter_than_the_refresh_doesnt_lose_the_tokens()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var refresh = app.Tokens.Hold();
        var client = app.Client;
        client.Timeout = TimeSpan.FromMilliseconds(50);

        await Assert.ThrowsAsync<TaskCanceledException>(() => client.GetAsync(new Uri("me", UriKind.Relative)));
        await refresh.ArrivedAsync(1);
        refresh.Open();
        using var next = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
        Assert.Equal(1, app.Tokens.Calls);
    }

    [Fact]
    [Trait("Case", "C21")]
    public async Task Tokens_that_come_after_the_deadline_are_kept()
    {
        var store = new MemoryTokenStore();
        var endpoint = new DeafEndpoint();
        await using var app = TestApp.Create(services: services => services.AddTokenSession(TestApp.Name).UseStore(store).UseEndpoint(_ => endpoint));
        await app.SignInAsync();
        var first = await store.LoadAsync();
        var raised = new Gate();
        app.Session.TokensRefreshed += (_, _) => _ = raised.PassAsync();
        app.Tokens.ExpireAccessTokens();
        var request = app.GetAsync();
        await endpoint.Calls.ArrivedAsync(1);

        app.Time.Advance(TimeSpan.FromSeconds(30));
        var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => request.WaitAsync(Gate.FailSafe, TimeProvider.System));
        await endpoint.AnswerAsync();
        using var failSafe = new CancellationTokenSource(Gate.FailSafe);
        while ((await store.LoadAsync()).Version == first.Version)
        {
            failSafe.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Assert.Equal(TokenRefreshFailure.Transient, exception.Failure);
        Assert.Equal("token-1", await PollAsync(app.Session, failSafe.Token));
        Assert.Equal(1, endpoint.Calls.Arrived);
        await raised.ArrivedAsync(1);
    }

    [Fact]
    [Trait("Case", "C17")]
    public async Task A_saved_token_inside_its_window_is_sent_and_refreshed_in_the_background()
    {
        MemoryTokenStore? store = null;
        await using var app = TestApp.Create(services: services =>
        {
            var time = (FakeTimeProvider)services.Last(service => service.ServiceType == typeof(TimeProvider)).ImplementationInstance!;
            services.AddTokenSession(TestApp.Name).UseStore(store = new MemoryTokenStore(time));
        });
        var tokens = app.Tokens.Issue();
        await store!.Other().SignInAsync(tokens, "login");
        var raised = new Gate();
        app.Session.TokensRefreshed += (_, _) => _ = raised.PassAsync();
        app.Time.Advance(TimeSpan.FromSeconds(270));

        using var response = await app.GetAsync();
        await raised.ArrivedAsync(1);

        Assert.Equal([tokens.AccessToken], app.Api.Received.Select(request => request.Token));
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    public async Task A_login_without_a_refresh_token_outlives_a_forced_refresh()
    {
        await using var app = TestApp.Create();
        await app.Session.SignInAsync(new TokenSet("access-only"));
        app.Api.Answer(_ => new HttpResponseMessage(HttpStatusCode.OK));

        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => app.Session.RefreshAsync());
        using var next = await app.GetAsync();

        Assert.Contains("has no refresh token", exception.Message, StringComparison.Ordinal);
        Assert.Equal(1, app.Api.CallsWith("access-only"));
        Assert.Empty(app.ReLogins);
    }

    [Theory]
    [Trait("Case", "C22")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Disposal_waits_for_the_flight_under_way(bool isAsync)
    {
        var store = new MemoryTokenStore();
        var app = TestApp.Over(store);
        await app.SignInAsync();
        var first = await store.LoadAsync();
        app.Tokens.ExpireAccessTokens();
        var refresh = app.Tokens.Hold();
        var request = app.GetAsync();
        await refresh.ArrivedAsync(1);

        var disposal = Task.Run(async () =>
        {
            if (isAsync)
            {
                await app.Services.DisposeAsync();
            }
            else
            {
                app.Services.Dispose();
            }
        });
        var session = app.Tokens.Calls;
        Assert.False(disposal.IsCompleted);
        refresh.Open();
        await disposal.WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(1, session);
        Assert.Equal(first.Version + 1, (await store.LoadAsync()).Version);
        Assert.Equal(HttpStatusCode.OK, (await request).StatusCode);
    }

    [Fact]
    [Trait("Case", "C22")]
    public async Task A_disposed_session_says_so()
    {
        var app = TestApp.Create();
        await app.SignInAsync();
        var session = app.Session;
        var client = app.Client;
        await app.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => session.RefreshAsync());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => session.GetAccessTokenAsync());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => session.SignInAsync(new TokenSet("a", "b")));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => session.SignOutAsync());
        client.Dispose();
    }

#if !NETSTANDARD_BUILD // netstandard2.0 has no synchronous Send that could be overridden.
    [Fact]
    [Trait("Case", "C23")]
    public async Task A_synchronous_send_is_held_and_resent_like_any_other()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var client = app.Client;

        using var request = new HttpRequestMessage(HttpMethod.Get, "me");
        using var response = client.Send(request);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(1, app.Tokens.Calls);
    }

    [Fact]
    [Trait("Case", "C23")]
    public async Task A_synchronous_send_that_is_to_be_left_alone_goes_out_bare()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();

        using var request = new HttpRequestMessage(HttpMethod.Get, "me").WithoutAccessToken();
        using var response = app.Client.Send(request);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Null(Assert.Single(app.Api.Received).Authorization);
        Assert.Equal(0, app.Tokens.Calls);
    }
#endif

    [Fact]
    [Trait("Case", "C24")]
    public async Task A_blocked_single_threaded_context_doesnt_deadlock()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var done = new TaskCompletionSource<HttpStatusCode>();
        var thread = new Thread(() =>
        {
            SynchronizationContext.SetSynchronizationContext(new DeadEndContext());
            try
            {
                done.SetResult(app.GetAsync().GetAwaiter().GetResult().StatusCode);
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        })
        { IsBackground = true };
        thread.Start();

        Assert.Equal(HttpStatusCode.OK, await done.Task.WaitAsync(Gate.FailSafe, TimeProvider.System));
    }

    // The store has the tokens an instant before the session has them.
    [Fact]
    public async Task A_login_without_a_refresh_token_finds_the_one_that_another_process_has_signed_in()
    {
        var store = new MemoryTokenStore();
        await using var app = TestApp.Over(store);
        await app.Session.SignInAsync(new TokenSet("access-only"));
        await using var other = TestApp.Over(store);
        await other.SignInAsync();

        await app.Session.RefreshAsync();

        Assert.Equal("access-1", await app.Session.GetAccessTokenAsync());
    }

    private static async Task<string?> PollAsync(TokenSession session, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await session.GetAccessTokenAsync(cancellationToken);
            }
            catch (TokenRefreshException)
            {
                await Task.Yield();
            }
        }
    }

    private static async Task AdvanceUntilAsync(TestApp app, Gate gate, int attempts)
    {
        var arrived = gate.ArrivedAsync(attempts);
        while (!arrived.IsCompleted)
        {
            // Slowly: the deadline of the whole flight runs by the same clock.
            app.Time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.WhenAny(arrived, Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System));
        }

        await arrived;
    }

    /// <summary>A user interface's context whose only thread is blocked: what is posted to it never runs.</summary>
    private sealed class DeadEndContext : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state)
        {
        }

        public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException();
    }
}

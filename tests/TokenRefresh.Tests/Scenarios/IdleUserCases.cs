using System;
using System.Net;
using System.Net.Http;
using System.Runtime.CompilerServices;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.SingleFlight;
using TokenRefresh.TestKit;
using Xunit;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>A user's session leaves the memory when nobody uses it, and nothing is lost by that.</summary>
public sealed class IdleUserCases
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_user_whose_login_is_in_a_store_leaves_the_memory_and_comes_back_without_a_refresh()
    {
        await using var app = WithStore();
        await SignInAsync(app, "user-1");

        await LeaveAsync(app);
        Assert.Equal(0, Users(app).Count);
        using var response = await SendAsync(app, "user-1");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(0, app.Tokens.Calls);
        Assert.Equal(1, Users(app).Count);
    }

    [Fact]
    public async Task Whoever_never_signed_in_leaves_the_memory()
    {
        await using var app = Create();
        for (var user = 0; user < 100; user++)
        {
            using var response = await SendAsync(app, $"robot-{user}");
        }

        Assert.Equal(100, Users(app).Count);
        await LeaveAsync(app);

        Assert.Equal(0, Users(app).Count);
    }

    [Fact]
    public async Task A_login_that_is_nowhere_else_stays()
    {
        await using var app = Create();
        await SignInAsync(app, "user-1");

        await LeaveAsync(app);
        using var response = await SendAsync(app, "user-1");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task A_user_who_is_active_stays()
    {
        await using var app = WithStore();
        await SignInAsync(app, "user-1");
        for (var round = 0; round < 5; round++)
        {
            app.Time.Advance(Idle);
            using var response = await SendAsync(app, "user-1");
        }

        app.Time.Advance(Idle);
        Collect();
        app.Time.Advance(Idle / 2);

        Assert.Equal(1, Users(app).Count);
    }

    [Fact]
    public async Task A_session_that_is_in_somebodys_hand_is_the_same_when_it_comes_back()
    {
        await using var app = Create();
        var held = app.Sessions[TestApp.Name, "user-1"];

        await LeaveAsync(app);

        Assert.Same(held, app.Sessions[TestApp.Name, "user-1"]);
        await LeaveAsync(app);
        Assert.Same(held, app.Sessions[TestApp.Name, "user-1"]);
        GC.KeepAlive(held);
    }

    [Fact]
    public async Task A_session_that_signs_in_after_it_has_left_is_kept()
    {
        await using var app = Create();
        await SignInLateAsync(app, "user-1");

        await LeaveAsync(app);
        using var response = await SendAsync(app, "user-1");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task A_session_with_a_subscriber_stays()
    {
        await using var app = WithStore();
        var heard = 0;
        Subscribe(app, "user-1", session => session.TokensRefreshed += (_, _) => heard++);

        await LeaveAsync(app);
        await LeaveAsync(app);
        await SignInAsync(app, "user-1");
        app.Tokens.ExpireAccessTokens();
        using var response = await SendAsync(app, "user-1");

        Assert.Equal(1, heard);
    }

    [Fact]
    public async Task A_session_with_a_subscriber_for_dead_logins_stays()
    {
        await using var app = WithStore();
        var heard = 0;
        Subscribe(app, "user-1", session => session.ReLoginRequired += (_, _) => heard++);

        await LeaveAsync(app);
        await LeaveAsync(app);
        await SignInAsync(app, "user-1");
        app.Tokens.ExpireAccessTokens();
        app.Tokens.RevokeRefreshTokens();
        using var response = await SendAsync(app, "user-1");

        Assert.Equal(1, heard);
    }

    [Fact]
    public async Task A_user_whose_refresh_rests_after_a_failure_is_not_asked_for_anew_by_leaving()
    {
        await using var app = WithStore();
        await SignInAsync(app, "user-1");
        app.Tokens.ExpireAccessTokens();
        app.Tokens.Always(HttpStatusCode.BadRequest, """{"error":"invalid_client"}""");
        await Assert.ThrowsAsync<TokenRefreshException>(() => SendAsync(app, "user-1"));

        await LeaveAsync(app);
        await Assert.ThrowsAsync<TokenRefreshException>(() => SendAsync(app, "user-1"));

        Assert.Equal(1, app.Tokens.Calls);
    }

    [Fact]
    public async Task A_user_who_comes_back_between_the_collector_and_the_next_sweep_is_signed_in_all_the_same()
    {
        await using var app = WithStore();
        await SignInAsync(app, "user-1");
        await Task.Yield();
        app.Time.Advance(Idle);
        app.Time.Advance(Idle);
        Collect();
        Assert.Equal(1, Users(app).Count);
        Assert.Single(app.Sessions.GetHealth());

        using var response = await SendAsync(app, "user-1");
        await LeaveAsync(app);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(0, app.Tokens.Calls);
    }

    [Fact]
    public async Task Without_a_limit_everybody_stays()
    {
        await using var app = TestApp.Create(options => options.UserIdleTimeout = System.Threading.Timeout.InfiniteTimeSpan);
        using var response = await SendAsync(app, "robot");

        await LeaveAsync(app);

        Assert.Equal(1, Users(app).Count);
    }

    [Fact]
    [Trait("Case", "C36")]
    public async Task A_user_whose_sign_out_the_store_doesnt_know_yet_stays_signed_out_when_idle()
    {
        var store = new FailingStore();
        await using var app = TestApp.Over(store, options => options.UserIdleTimeout = TimeSpan.FromSeconds(10));
        await SignInAndOutAsync(app, store);
        store.IsAway = false;
        app.Time.Advance(TimeSpan.FromSeconds(10));
        app.Time.Advance(TimeSpan.FromSeconds(10));
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        app.Time.Advance(TimeSpan.FromSeconds(10));
        using var response = await app.Client.SendAsync(new HttpRequestMessage(HttpMethod.Get, "me").UseTokenUser("a"));

        Assert.Equal(0, app.Api.CallsWith("access-1"));
    }

    private static TestApp WithStore() => 
        Create(services => services.AddTokenSession(TestApp.Name).UseStore(new MemoryTokenStore()));

    private static TestApp Create(Action<IServiceCollection>? services = null) => TestApp.Create(options => options.UserIdleTimeout = Idle, services);

    private static UserSessions Users(TestApp app) => app.Sessions.ServicesOf(TestApp.Name).Users;

    // Out of the caller's frame, or its locals would keep the session.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Task SignInAsync(TestApp app, string user) => app.Sessions[TestApp.Name, user].SignInAsync(app.Tokens.Issue());

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task SignInLateAsync(TestApp app, string user)
    {
        var session = app.Sessions[TestApp.Name, user];
        await LeaveAsync(app);
        await session.SignInAsync(app.Tokens.Issue());
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Subscribe(TestApp app, string user, Action<TokenSession> subscribe) => subscribe(app.Sessions[TestApp.Name, user]);

    private static Task<HttpResponseMessage> SendAsync(TestApp app, string user) =>
        app.Client.SendAsync(new HttpRequestMessage(HttpMethod.Get, "me").UseTokenUser(user));

    /// <summary>Has everybody be idle for long enough: unused, let go, collected, cleared away.</summary>
    private static async Task LeaveAsync(TestApp app)
    {
        // The callers' frames unwind, and with them what they still had in hand.
        await Task.Yield();
        app.Time.Advance(Idle);
        app.Time.Advance(Idle);
        Collect();
        app.Time.Advance(Idle);
    }

    private static void Collect()
    {
        for (var round = 0; round < 3; round++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task SignInAndOutAsync(TestApp app, FailingStore store)
    {
        var session = app.Sessions[TestApp.Name, "a"];
        await session.SignInAsync(app.Tokens.Issue());
        store.IsAway = true;
        await Assert.ThrowsAsync<TokenRefreshException>(() => session.SignOutAsync());
    }
}

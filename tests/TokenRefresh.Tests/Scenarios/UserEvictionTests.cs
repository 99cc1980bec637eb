using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.SingleFlight;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>A user's idle session leaves the memory, and nothing is lost by that.</summary>
public sealed class UserEvictionTests
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
    public async Task The_login_of_a_user_who_is_active_is_read_once()
    {
        var store = new CountedStore();
        await using var app = Create(services => services.AddTokenSession(TestApp.Name).UseStore(store).AllowUnencryptedStore());
        await SignInAsync(app, "user-1");
        await LeaveAsync(app);
        for (var round = 0; round < 5; round++)
        {
            using var response = await SendAsync(app, "user-1");
            await Task.Yield();
            app.Time.Advance(Idle);
            Collect();
        }

        Assert.Equal(1, store.Reads);
    }

    [Fact]
    public async Task A_user_who_is_idle_but_in_somebodys_hand_is_still_known()
    {
        await using var app = Create();
        var held = app.Sessions[TestApp.Name, "user-1"];

        await LeaveAsync(app);

        // The user's session, and the app's own session.
        Assert.Equal(2, app.Sessions.GetHealth().Count());
        GC.KeepAlive(held);
    }

    [Fact]
    [Trait("Case", "C38")]
    public async Task A_user_who_signs_in_again_after_the_eviction_is_kept()
    {
        var answer = new TaskCompletionSource<TokenSet?>();
        await using var app = TestApp.Create(options =>
        {
            options.UserIdleTimeout = Idle;
            options.SignInInteractively = (_, _) => answer.Task;
        });
        await LogInLateAsync(app, answer, "user-1");

        await LeaveAsync(app);
        using var response = await SendAsync(app, "user-1");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Nobody_is_looked_for_after_the_end_of_the_app_or_without_a_limit(bool isLimited)
    {
        SweepClock? clock = null;
        var app = TestApp.Create(
            options => options.UserIdleTimeout = isLimited ? Idle : Timeout.InfiniteTimeSpan,
            services => services.AddSingleton<TimeProvider>(clock = new SweepClock()));
        using var response = await SendAsync(app, "robot");
        Assert.Equal(isLimited ? 1 : 0, clock!.Sweeps);

        await app.DisposeAsync();

        Assert.Equal(0, clock.Sweeps);
    }

    [Fact]
    public async Task The_timer_that_looks_for_idle_users_keeps_no_ambient_value_of_the_first_request()
    {
        await using var app = TestApp.Create(services: services => services.AddSingleton(TimeProvider.System));
        var kept = FindInContext(app.Sessions);

        Collect();

        Assert.False(kept.TryGetTarget(out _));

        static WeakReference<object> FindInContext(TokenSessions sessions)
        {
            var request = new object();
            PlainThread.Run(() =>
            {
                new AsyncLocal<object>().Value = request;
                _ = sessions[TestApp.Name, "user-1"];
            });
            return new WeakReference<object>(request);
        }
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
        var raised = new Gate();
        Subscribe(app, "user-1", session => session.TokensRefreshed += (_, _) => _ = raised.PassAsync());

        await LeaveAsync(app);
        await LeaveAsync(app);
        await SignInAsync(app, "user-1");
        app.Tokens.ExpireAccessTokens();
        using var response = await SendAsync(app, "user-1");

        await raised.ArrivedAsync(1);
        Assert.Equal(1, raised.Arrived);
    }

    [Fact]
    public async Task A_session_with_a_subscriber_for_dead_logins_stays()
    {
        await using var app = WithStore();
        var raised = new Gate();
        Subscribe(app, "user-1", session => session.ReLoginRequired += (_, _) => _ = raised.PassAsync());

        await LeaveAsync(app);
        await LeaveAsync(app);
        await SignInAsync(app, "user-1");
        app.Tokens.ExpireAccessTokens();
        app.Tokens.RevokeRefreshTokens();
        using var response = await SendAsync(app, "user-1");

        await raised.ArrivedAsync(1);
        Assert.Equal(1, raised.Arrived);
    }

    [Fact]
    public async Task A_user_whose_refresh_rests_after_a_failure_is_not_asked_for_anew_by_leaving()
    {
        await using var app = WithStore();
        await SignInAsync(app, "user-1");
        app.Tokens.ExpireAccessTokens();
        app.Tokens.RespondAlways(HttpStatusCode.BadRequest, """{"error":"invalid_client"}""");
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
    [Trait("Case", "A22")]
    public async Task The_end_of_a_login_is_remembered_for_a_week()
    {
        await using var app = TestApp.Create(options => options.UserIdleTimeout = TimeSpan.FromHours(1));
        await SignInAsync(app, "user-1");
        app.Tokens.RevokeRefreshTokens();
        app.Tokens.ExpireAccessTokens();
        using (await SendAsync(app, "user-1"))
        {
            app.Time.Advance(TimeSpan.FromHours(2));
        }

        for (var day = 0; day < 7; day++)
        {
            await Task.Yield();
            Collect();
            Assert.Equal(1, Users(app).Count);
            app.Time.Advance(TimeSpan.FromDays(1));
        }

        app.Time.Advance(TimeSpan.FromHours(2));
        Assert.Equal(0, Users(app).Count);
    }

    [Fact]
    public async Task Without_a_limit_every_session_stays()
    {
        await using var app = TestApp.Create(options => options.UserIdleTimeout = Timeout.InfiniteTimeSpan);
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

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Case", "A22")]
    public async Task An_ended_login_of_an_idle_user_is_reported_once_and_answered_locally_ever_after(bool hasStore)
    {
        var reported = new Gate();
        await using var app = TestApp.Create(
            options =>
            {
                options.UserIdleTimeout = Idle;
                options.OnReLoginRequired = (_, _, _) =>
                {
                    _ = reported.PassAsync(CancellationToken.None);
                    return Task.CompletedTask;
                };
            },
            services =>
            {
                if (hasStore)
                {
                    services.AddTokenSession(TestApp.Name).UseStore(new MemoryTokenStore());
                }
            });
        await SignInAsync(app, "user-1");
        app.Tokens.RevokeRefreshTokens();
        app.Tokens.ExpireAccessTokens();
        using (await SendAsync(app, "user-1"))
        {
            await reported.ArrivedAsync(1);
        }

        for (var idle = 0; idle < 3; idle++)
        {
            await LeaveAsync(app);
            using var response = await SendAsync(app, "user-1");
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        }

        await app.Services.DisposeAsync();
        Assert.Equal(1, reported.Arrived);
        Assert.Equal((1, 1), (app.Api.Calls, app.Tokens.Calls));
    }

    [Fact]
    [Trait("Case", "A23")]
    public async Task A_handler_that_is_added_after_the_session_left_the_memory_is_called()
    {
        await using var app = WithStore();
        var reported = new Gate();
        await SignInAsync(app, "user-1");
        await SubscribeLateAsync(app, "user-1", session => session.ReLoginRequired += (_, _) => _ = reported.PassAsync(CancellationToken.None));
        await LeaveAsync(app);

        app.Tokens.RevokeRefreshTokens();
        app.Tokens.ExpireAccessTokens();
        using var response = await SendAsync(app, "user-1");

        await reported.ArrivedAsync(1);
    }

    private static TestApp Create(Action<IServiceCollection>? services = null) => TestApp.Create(options => options.UserIdleTimeout = Idle, services);

    private static UserSessions Users(TestApp app) => app.Sessions.Named(TestApp.Name);

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

    /// <summary>The login ends in the background, and the session is evicted. A caller that still has the session asks the user.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task LogInLateAsync(TestApp app, TaskCompletionSource<TokenSet?> answer, string user)
    {
        var session = app.Sessions[TestApp.Name, user];
        var dead = new Gate();
        session.ReLoginRequired += Hear;
        await session.SignInAsync(app.Tokens.Issue());
        app.Tokens.RevokeRefreshTokens();
        app.Time.Advance(TimeSpan.FromMinutes(4.5));
        using var ahead = await SendAsync(app, user);
        await dead.ArrivedAsync(1);
        session.ReLoginRequired -= Hear;
        await LeaveAsync(app);

        var token = session.GetAccessTokenAsync();
        answer.SetResult(app.Tokens.Issue());
        Assert.Equal("access-2", await token);

        void Hear(object? sender, ReLoginRequiredEventArgs args) => _ = dead.PassAsync();
    }

    /// <summary>Holds a session for longer than the app remembers it, and subscribes then.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task SubscribeLateAsync(TestApp app, string user, Action<TokenSession> subscribe)
    {
        var session = app.Sessions[TestApp.Name, user];
        await LeaveAsync(app);
        subscribe(session);
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

    /// <summary>A store that counts how often it is read.</summary>
    private sealed class CountedStore : StoreAround
    {
        private int _reads;

        public int Reads => _reads;

        public override ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _reads);
            return base.ReadAsync(key, cancellationToken);
        }
    }

    /// <summary>A clock that knows who comes back again and again.</summary>
    private sealed class SweepClock : FakeTimeProvider
    {
        private int _sweeps;

        public int Sweeps => _sweeps;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            return state is UserSessions ? new Sweep(this, timer) : timer;
        }

        private sealed class Sweep : ITimer
        {
            private readonly SweepClock _clock;
            private readonly ITimer _inner;
            private int _isDisposed;

            public Sweep(SweepClock clock, ITimer inner)
            {
                (_clock, _inner) = (clock, inner);
                Interlocked.Increment(ref clock._sweeps);
            }

            public bool Change(TimeSpan dueTime, TimeSpan period) => _inner.Change(dueTime, period);

            public void Dispose()
            {
                if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
                {
                    Interlocked.Decrement(ref _clock._sweeps);
                }

                _inner.Dispose();
            }

            public ValueTask DisposeAsync()
            {
                Dispose();
                return default;
            }
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

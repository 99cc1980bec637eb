using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.SingleFlight;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>A wrong clock costs at most one refresh too many: no loop and no lost request.</summary>
[Trait("Case", "C16")]
public sealed class WrongClockTests
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(30);

    // Half an hour of requests, with tokens that live for five minutes.
    private const int Steps = 60;
    private const int MostRefreshes = 30 / 4 + 2;

    [Fact]
    [Trait("Case", "C2")]
    public async Task A_login_without_a_refresh_token_lives_until_its_access_token_has_expired()
    {
        await using var app = TestApp.Create();
        var tokens = app.Tokens.Issue();
        await app.Session.SignInAsync(new TokenSet(tokens.AccessToken) { ExpiresAt = tokens.ExpiresAt });

        app.Time.Advance(TimeSpan.FromMinutes(4.95));
        using var first = await app.GetAsync();
        using var second = await app.GetAsync();
        app.Time.Advance(TimeSpan.FromSeconds(10));
        using var late = await app.GetAsync();

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.Unauthorized], new[] { first, second, late }.Select(response => response.StatusCode));
        Assert.Single(app.ReLogins);
        Assert.Equal(0, app.Tokens.Calls);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(-10)]
    public async Task A_clock_that_is_ten_minutes_wrong_changes_nothing(int minutes)
    {
        var (app, clock) = Create();
        await using var disposing = app;
        clock.Ahead = TimeSpan.FromMinutes(minutes);
        await app.SignInAsync();

        await RequestAsync(app, Steps);

        Assert.InRange(app.Tokens.Calls, 5, MostRefreshes);
        Assert.Equal(0, app.Tokens.ReusedRefreshTokenCount);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(-10)]
    public async Task A_clock_that_jumps_there_and_back_changes_nothing(int minutes)
    {
        var (app, clock) = Create();
        await using var disposing = app;
        await app.SignInAsync();
        await RequestAsync(app, Steps / 4);
        clock.Ahead = TimeSpan.FromMinutes(minutes);
        await RequestAsync(app, Steps / 2);
        clock.Ahead = TimeSpan.Zero;
        await RequestAsync(app, Steps / 4);

        Assert.InRange(app.Tokens.Calls, 3, MostRefreshes + 2);
        Assert.Equal(0, app.Tokens.ReusedRefreshTokenCount);
    }

    [Fact]
    public async Task After_a_nights_sleep_one_refresh_brings_the_session_back()
    {
        var (app, clock) = Create();
        await using var disposing = app;
        await app.SignInAsync();
        await RequestAsync(app, 1);

        clock.Sleep(TimeSpan.FromHours(8));
        await RequestAsync(app, 3);

        Assert.Equal(1, app.Tokens.Calls);
    }

    [Fact]
    public async Task A_cool_down_ends_although_the_clock_was_set_back()
    {
        var (app, clock) = Create();
        await using var disposing = app;
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        app.Tokens.RespondOnce(HttpStatusCode.BadRequest, """{"error":"invalid_client"}""");
        await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());

        clock.Ahead = TimeSpan.FromHours(-5);
        app.Time.Advance(TimeSpan.FromSeconds(60));

        await RequestAsync(app, 1);
        Assert.Equal(2, app.Tokens.Calls);
    }

    [Fact]
    public async Task A_sign_in_that_looks_long_expired_costs_one_refresh()
    {
        var (app, clock) = Create();
        await using var disposing = app;
        clock.Ahead = TimeSpan.FromDays(365);
        await app.SignInAsync();

        await RequestAsync(app, 5);

        Assert.InRange(app.Tokens.Calls, 1, 1);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(290, 1)]
    public async Task The_age_of_shared_tokens_counts_by_the_clock_of_the_store(int age, int calls)
    {
        var storesClock = new FakeTimeProvider(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var store = new MemoryTokenStore(storesClock);
        await using var here = TestApp.Create(services: services => services.AddTokenSession(TestApp.Name).UseStore(store));
        await using var there = TestApp.Create(services: services => services.AddTokenSession(TestApp.Name).UseStore(store));
        here.Time.Advance(TimeSpan.FromHours(2));
        await there.SignInAsync();
        storesClock.Advance(TimeSpan.FromSeconds(age));

        // This app's token server doesn't know the login: whether it was asked is what counts.
        _ = await Record.ExceptionAsync(() => here.Session.GetAccessTokenAsync());

        Assert.Equal(calls, here.Tokens.Calls);
    }

    private static (TestApp App, WrongTime Clock) Create()
    {
        WrongTime? clock = null;
        var app = TestApp.Create(services: services => clock = WrongTime.In(services));
        return (app, clock!);
    }

    private static async Task RequestAsync(TestApp app, int count)
    {
        for (var i = 0; i < count; i++)
        {
            using var response = await app.GetAsync().WaitAsync(Gate.FailSafe, TimeProvider.System);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);

            // A background refresh is over before the next step.
            if (((SignedInSnapshot)app.Session.Context.Current).AccessToken.Schedule.RefreshAt <= app.Services.GetRequiredService<TimeProvider>().GetUtcNow().UtcDateTime)
            {
                await app.Session.RefreshAsync();
            }

            app.Time.Advance(Step);
        }
    }
}

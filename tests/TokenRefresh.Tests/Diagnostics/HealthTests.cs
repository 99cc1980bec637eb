using System.Net;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Scenarios;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Diagnostics;

/// <summary>What a health check gets, and that it gets no secret.</summary>
public sealed class HealthTests
{
    [Fact]
    public async Task A_session_says_that_its_last_refresh_succeeded_and_when()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        var before = app.Session.GetHealth();
        app.Time.Advance(TimeSpan.FromMinutes(1));

        await app.Session.RefreshAsync();

        Assert.Equal(new TokenSessionHealth { SessionName = "orders", State = TokenSessionState.SignedIn }, before);
        Assert.Equal(before with { RefreshedAt = app.Time.GetUtcNow() }, app.Session.GetHealth());
    }

    [Theory]
    [InlineData(null, "TokenSessionHealth { SessionName = orders, State = SignedIn, LastFailure = none }")]
    [InlineData(TokenRefreshFailure.Transient, "TokenSessionHealth { SessionName = orders, State = SignedIn, LastFailure = Transient }")]
    public void Its_text_has_the_state_and_the_last_failure(TokenRefreshFailure? failure, string expected) =>
        Assert.Equal(expected, new TokenSessionHealth { SessionName = "orders", State = TokenSessionState.SignedIn, LastFailure = failure }.ToString());

    [Theory]
    [InlineData(HttpStatusCode.ServiceUnavailable, "", TokenRefreshFailure.Transient)]
    [InlineData(HttpStatusCode.BadRequest, """{"error":"invalid_client"}""", TokenRefreshFailure.Configuration)]
    public async Task A_session_whose_refresh_failed_says_how_and_until_when_it_waits(HttpStatusCode status, string body, TokenRefreshFailure failure)
    {
        await using var scene = await Scene.SetAsync();
        scene.App.Tokens.RespondAlways(status, body);

        await scene.HoldAndExpireAsync(1);

        var health = scene.App.Session.GetHealth();
        Assert.Equal((TokenSessionState.SignedIn, failure), (health.State, health.LastFailure));
        Assert.True(health.NextAttemptAt > scene.App.Time.GetUtcNow());
        scene.App.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal((failure, null), (scene.App.Session.GetHealth().LastFailure, scene.App.Session.GetHealth().NextAttemptAt));
        scene.App.Tokens.RespondAlways(null);
        await scene.App.Session.RefreshAsync();
        Assert.Null(scene.App.Session.GetHealth().LastFailure);
    }

    [Fact]
    [Trait("Case", "N2")]
    public async Task An_api_that_rejects_new_tokens_is_reported_until_the_next_refresh()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Api.RejectEverything();

        using var rejected = await app.GetAsync();
        Assert.True(app.Session.GetHealth().IsRefreshedTokenRejected);
        Assert.Null(app.Session.GetHealth().LastFailure);

        app.Api.Answer(null);
        app.Time.Advance(TimeSpan.FromMinutes(1));
        await app.Session.RefreshAsync();
        using var accepted = await app.GetAsync();
        Assert.False(app.Session.GetHealth().IsRefreshedTokenRejected);
    }

    [Fact]
    public async Task A_dead_login_is_its_last_failure()
    {
        await using var scene = await Scene.SetAsync();
        scene.App.Tokens.RevokeRefreshTokens();

        await scene.HoldAndExpireAsync(1);

        Assert.Equal((TokenSessionState.ReLoginRequired, TokenRefreshFailure.ReLoginRequired), (scene.App.Session.GetHealth().State, scene.App.Session.GetHealth().LastFailure));
    }

    [Fact]
    public async Task The_health_check_of_the_docs_tells_failures_and_leaves_dead_logins_to_their_users()
    {
        await using var scene = await Scene.SetAsync();
        var check = new TokenHealthCheck(scene.App.Sessions);
        var user = scene.App.Sessions[TestApp.Name, "user-1"];
        await user.SignInAsync(scene.App.Tokens.Issue());
        scene.App.Tokens.RevokeRefreshTokens();
        await Assert.ThrowsAsync<TokenRefreshException>(() => user.RefreshAsync());
        var withDeadLogin = await check.CheckHealthAsync(new HealthCheckContext());
        scene.App.Tokens.RespondAlways(HttpStatusCode.BadRequest, """{"error":"invalid_client"}""");

        await scene.HoldAndExpireAsync(1);

        Assert.Equal(HealthStatus.Healthy, withDeadLogin.Status);
        var failing = await check.CheckHealthAsync(new HealthCheckContext());
        Assert.Equal((HealthStatus.Degraded, "orders: Configuration"), (failing.Status, failing.Description));
    }

    [Fact]
    public async Task The_health_of_all_sessions_names_no_user_and_no_secret()
    {
        await using var app = TestApp.Create();
        foreach (var user in new[] { "user-1", "user-2", "user-3" })
        {
            await app.Sessions[TestApp.Name, user].SignInAsync(app.Tokens.Issue());
        }

        var health = app.Sessions.GetHealth().ToList();

        Assert.Equal(
            new Dictionary<TokenSessionState, int> { [TokenSessionState.SignedIn] = 3, [TokenSessionState.SignedOut] = 1 },
            health.CountBy(session => session.State).ToDictionary());
        Assert.DoesNotContain(health, session => session.ToString().Contains("user", StringComparison.Ordinal) || session.ToString().Contains("access-", StringComparison.Ordinal));
    }
}

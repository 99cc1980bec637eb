using System.Net;

namespace TokenRefresh.ServerTests.Django;

/// <summary>Simple JWT 5.4.0 to 5.5.1 answers 500 to the refresh token of a deleted user, each time.</summary>
[Trait("Case", "B03")]
public sealed class DeletedUserCases(DjangoServers servers)
{
    [Fact]
    public async Task A_deleted_users_login_stays_and_its_requests_fail()
    {
        var server = await servers.GetAsync("5.4");
        var user = await servers.CreateUserAsync(server);
        await using var app = new DjangoApp(server);
        await app.SignInExpiredAsync(user);
        await server.DeleteAsync(user);

        var failures = await app.MoveTimeWhileAsync(Task.WhenAll(Enumerable.Range(0, 20).Select(_ => app.FailAsync())));

        Assert.Equal([TokenRefreshFailure.Transient], failures.Select(failure => failure.Failure).Distinct());
        var stats = await server.GetStatsAsync();
        Assert.Equal((3, 3, 1), (stats.Refreshes, stats.Refreshes500, stats.RefreshPeak));
        Assert.Empty(app.ReLogins);
        Assert.Equal(TokenSessionState.SignedIn, app.Session.State);

        // The clock stands still: the pause after the failure isn't over.
        await app.FailAsync();
        Assert.Equal(3, (await server.GetStatsAsync()).Refreshes);
        await app.SignInAsync(await servers.CreateUserAsync(server));
        Assert.Equal(HttpStatusCode.OK, await app.GetAsync());
        Assert.Empty(app.ReLogins);
    }

    [Fact]
    public async Task An_hour_of_requests_costs_few_refreshes_and_no_sign_out()
    {
        var server = await servers.GetAsync("5.4");
        var user = await servers.CreateUserAsync(server);
        await using var app = new DjangoApp(server);
        await app.SignInExpiredAsync(user);
        await server.DeleteAsync(user);

        await app.MoveTimeWhileAsync(app.FailAsync());
        for (var i = 0; i < 360; i++)
        {
            app.Time.Advance(TimeSpan.FromSeconds(10));
            await app.MoveTimeWhileAsync(app.FailAsync());
        }

        // Ten minutes at pauses that grow to 30 s, then one attempt in two minutes: each with a tolerance of 20 %.
        var stats = await server.GetStatsAsync();
        Assert.InRange(stats.Refreshes, 20, 65);
        Assert.Equal(stats.Refreshes, stats.Refreshes500);
        Assert.Empty(app.ReLogins);
        Assert.Equal(TokenSessionState.SignedIn, app.Session.State);
        await app.SignInAsync(await servers.CreateUserAsync(server));
        Assert.Equal(HttpStatusCode.OK, await app.GetAsync());
    }
}

using System;
using System.Linq;
using System.Net;
using System.Threading.Tasks;
using Xunit;

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
}

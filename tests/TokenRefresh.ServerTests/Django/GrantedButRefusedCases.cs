using System.Net;

namespace TokenRefresh.ServerTests.Django;

/// <summary>
/// The refresh view grants tokens that the API refuses: for inactive and deleted users before 5.4, for changed passwords up to 5.5.1. The
/// server never says that the login has ended. So each caller gets its 401, and refreshes stay few.
/// </summary>
[Trait("Case", "C13")]
public sealed class GrantedButRefusedCases(DjangoServers servers)
{
    [Theory]
    [InlineData("stock", "deactivated")]
    [InlineData("stock", "deleted")]
    [InlineData("stock, checks passwords", "password changed")]
    public async Task Refreshed_tokens_that_are_refused_too_end_in_a_401_each_and_few_refreshes(string setup, string end)
    {
        var server = await servers.GetAsync(setup);
        var user = await servers.CreateUserAsync(server);
        await using var app = new DjangoApp(server);
        await app.SignInAsync(user);
        await (end switch
        {
            "deactivated" => server.DeactivateAsync(user),
            "deleted" => server.DeleteAsync(user),
            _ => server.ChangePasswordAsync(user),
        });

        Assert.Equal([HttpStatusCode.Unauthorized], (await app.GetManyAsync(30)).Distinct());
        Assert.Equal([HttpStatusCode.Unauthorized], (await app.GetManyAsync(30)).Distinct());

        var stats = await server.GetStatsAsync();
        Assert.Equal((1, 1, 0), (stats.Refreshes, stats.RefreshesGranted, stats.PresentedTwice));
        Assert.InRange(stats.Api401, 60, 120);
        app.Time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal([HttpStatusCode.Unauthorized], (await app.GetManyAsync(30)).Distinct());
        Assert.Equal(2, (await server.GetStatsAsync()).Refreshes);
        Assert.Empty(app.ReLogins);
        Assert.Equal(TokenSessionState.SignedIn, app.Session.State);

        await app.SignInAsync(await servers.CreateUserAsync(server));
        Assert.Equal(HttpStatusCode.OK, await app.GetAsync());
    }

    [Fact]
    public async Task A_user_who_is_active_again_needs_no_sign_in()
    {
        var server = await servers.GetAsync("stock");
        var user = await servers.CreateUserAsync(server);
        await using var app = new DjangoApp(server);
        await app.SignInAsync(user);
        await server.DeactivateAsync(user);
        Assert.Equal(HttpStatusCode.Unauthorized, await app.GetAsync());

        await server.ActivateAsync(user);

        Assert.Equal(HttpStatusCode.OK, await app.GetAsync());
        Assert.Empty(app.ReLogins);
    }
}

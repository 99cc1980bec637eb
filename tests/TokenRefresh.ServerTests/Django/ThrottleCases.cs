using System.Net;
using System.Net.Http.Json;

namespace TokenRefresh.ServerTests.Django;

/// <summary>A throttled refresh view answers 429 with Retry-After.</summary>
[Trait("Case", "C30")]
public sealed class ThrottleCases(DjangoServers servers)
{
    [Fact]
    public async Task A_throttled_refresh_waits_as_long_as_the_server_asks()
    {
        var server = await servers.GetAsync("throttled");
        await using var app = new DjangoApp(server);
        await app.SignInExpiredAsync(await servers.CreateUserAsync(server));
        await server.UnthrottleAsync();
        using var plain = new HttpClient();
        (await plain.PostAsJsonAsync(server.TokenEndpoint, new { refresh = "another client's" })).Dispose();
        await server.ResetStatsAsync();

        var failures = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => app.FailAsync()));

        Assert.Equal([TokenRefreshFailure.Transient], failures.Select(failure => failure.Failure).Distinct());
        Assert.All(failures, failure => Assert.InRange(failure.RetryAfter!.Value.TotalSeconds, 50, 61));
        await AssertNothingIsAskedAsync(app);

        app.Time.Advance(TimeSpan.FromSeconds(61));
        await server.UnthrottleAsync();
        Assert.Equal([HttpStatusCode.OK], (await app.GetManyAsync(20)).Distinct());
        var stats = await server.GetStatsAsync();
        Assert.Equal((2, 1, 1), (stats.Refreshes, stats.Refreshes429, stats.RefreshesGranted));
        Assert.Empty(app.ReLogins);
    }

    [Fact]
    public async Task A_sign_in_ends_the_pause()
    {
        var server = await servers.GetAsync("throttled");
        var user = await servers.CreateUserAsync(server);
        await using var app = new DjangoApp(server);
        await app.SignInExpiredAsync(user);
        using var plain = new HttpClient();
        (await plain.PostAsJsonAsync(server.TokenEndpoint, new { refresh = "another client's" })).Dispose();
        await server.ResetStatsAsync();
        await app.FailAsync();

        await app.SignInAsync(user);

        Assert.Equal(HttpStatusCode.OK, await app.GetAsync());
        Assert.Equal(1, (await server.GetStatsAsync()).Refreshes);
        Assert.Empty(app.ReLogins);
    }

    private static async Task AssertNothingIsAskedAsync(DjangoApp app)
    {
        await app.FailAsync();
        await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.RefreshAsync());

        var stats = await app.Server.GetStatsAsync();
        Assert.Equal((1, 1), (stats.Refreshes, stats.Refreshes429));
        Assert.Empty(app.ReLogins);
        Assert.Equal(TokenSessionState.SignedIn, app.Session.State);
    }
}

using System.Net;
using TokenRefresh.Samples.Servers;

namespace TokenRefresh.ServerTests.Django;

/// <summary>Sliding tokens: not built in. An <see cref="ITokenEndpoint"/> of some twenty lines makes them work.</summary>
[Trait("Case", "C32")]
public sealed class SlidingCases(DjangoServers servers)
{
    [Fact]
    public async Task The_built_in_protocol_says_what_is_wrong()
    {
        var server = await servers.GetAsync("sliding");
        var user = await servers.CreateUserAsync(server);
        await using var app = new DjangoApp(server, options => options.TokenEndpoint = server.SlidingTokenEndpoint);
        await SignInAsync(app, user);
        app.Time.Advance(TimeSpan.FromMinutes(5));

        var failure = await app.FailAsync();

        Assert.Equal(TokenRefreshFailure.Configuration, failure.Failure);
        Assert.Contains(server.SlidingTokenEndpoint.AbsoluteUri, failure.Message, StringComparison.Ordinal);
        Assert.Contains("sliding", failure.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(ITokenEndpoint), failure.Message, StringComparison.Ordinal);
        Assert.Equal(1, (await server.GetStatsAsync()).Refreshes);
        Assert.Empty(app.ReLogins);

        // Without an expiry: the app's clock is five minutes ahead.
        var token = await server.SignInSlidingAsync(user);
        await app.Session.SignInAsync(new TokenSet(token, refreshToken: token));
        Assert.Equal(HttpStatusCode.OK, await app.GetAsync());
    }

    [Fact]
    public async Task An_endpoint_of_ones_own_refreshes_ahead_once_for_all()
    {
        var server = await servers.GetAsync("sliding");
        using var http = new HttpClient();
        await using var app = Create(server, http);
        var token = await server.SignInSlidingAsync(await servers.CreateUserAsync(server));

        // The app takes it for expired. The server, which refuses expired ones, does not.
        await app.Session.SignInAsync(new TokenSet(token, refreshToken: token) { ExpiresAt = app.Time.GetUtcNow().AddSeconds(-1) });

        Assert.Equal([HttpStatusCode.OK], (await app.GetManyAsync(30)).Distinct());
        Assert.Equal(HttpStatusCode.OK, await app.GetAsync());

        var stats = await server.GetStatsAsync();
        Assert.Equal((1, 1, 0, 31), (stats.Refreshes, stats.RefreshesGranted, stats.Api401, stats.Api200));
        Assert.Empty(app.ReLogins);
    }

    [Fact]
    public async Task A_sliding_token_that_the_server_ended_is_reported_once()
    {
        var server = await servers.GetAsync("sliding");
        var user = await servers.CreateUserAsync(server);
        using var http = new HttpClient();
        await using var app = Create(server, http);
        await SignInAsync(app, user);
        await server.RevokeAsync(user);

        Assert.Equal([HttpStatusCode.Unauthorized], (await app.GetManyAsync(30)).Distinct());

        Assert.Equal("token_not_valid", Assert.Single(app.ReLogins).Error);
        Assert.Equal(TokenSessionState.ReLoginRequired, app.Session.State);
        var before = await server.GetStatsAsync();
        Assert.Equal((1, 1), (before.Refreshes, before.Refreshes401));
        Assert.Equal(HttpStatusCode.Unauthorized, await app.GetAsync());
        Assert.Equal(before, await server.GetStatsAsync());
        await SignInAsync(app, user);
        Assert.Equal(HttpStatusCode.OK, await app.GetAsync());
        Assert.Single(app.ReLogins);
    }

    private static DjangoApp Create(SimpleJwtServer server, HttpClient http) =>
        new(server, session: builder => builder.UseEndpoint(_ => new SlidingTokenEndpoint(http, server.SlidingTokenEndpoint)));

    private static async Task SignInAsync(DjangoApp app, string user) =>
        await app.Session.SignInAsync(SlidingTokenEndpoint.ToTokenSet(await app.Server.SignInSlidingAsync(user)));
}

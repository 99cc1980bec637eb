using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace TokenRefresh.ServerTests.Django;

/// <summary>
/// Django REST framework answers an expired token with the challenge of its first authenticator: Basic, or, where that one has none, a 403.
/// </summary>
[Trait("Case", "C32")]
public sealed class AuthenticatorOrderCases(DjangoServers servers)
{
    public static TheoryData<string> Orders => new(
        "stock", "basic first", "session first", "default list, then jwt", "default list, then jwt, in German", "session first, standardized errors");

    [Theory]
    [Trait("Case", "B40")]
    [Trait("Case", "B97")]
    [MemberData(nameof(Orders))]
    public async Task An_expired_token_costs_one_refresh(string setup)
    {
        var server = await servers.GetAsync(setup);
        await using var app = new DjangoApp(server);
        await app.SignInExpiredAsync(await servers.CreateUserAsync(server));

        var statuses = await app.GetManyAsync(30);

        Assert.Equal([HttpStatusCode.OK], statuses.Distinct());
        var stats = await server.GetStatsAsync();
        Assert.Equal((1, 1, 30), (stats.Refreshes, stats.RefreshesGranted, stats.Api200));
        Assert.InRange(stats.Api401 + stats.Api403, 1, 30);
        Assert.Empty(app.ReLogins);
        Assert.Equal(TokenSessionState.SignedIn, app.Session.State);

        Assert.Equal(HttpStatusCode.OK, await app.GetAsync());
        Assert.Equal(1, (await server.GetStatsAsync()).Refreshes);
    }

    [Theory]
    [Trait("Case", "B40")]
    [Trait("Case", "B97")]
    [MemberData(nameof(Orders))]
    public async Task A_body_arrives_whole_the_second_time(string setup)
    {
        var server = await servers.GetAsync(setup);
        await using var app = new DjangoApp(server);
        await app.SignInExpiredAsync(await servers.CreateUserAsync(server));

        using var response = await app.Client.PostAsJsonAsync("api/echo", new { text = new string('x', 100_000) });

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var echo = await response.Content.ReadFromJsonAsync<JsonNode>();
        Assert.Equal(100_000 + """{"text":""}""".Length, (int)echo!["length"]!);
        Assert.Equal(1, (await server.GetStatsAsync()).Refreshes);
    }

    [Theory]
    [Trait("Case", "B40")]
    [Trait("Case", "B97")]
    [MemberData(nameof(Orders))]
    public async Task A_dead_login_is_reported_once(string setup)
    {
        var server = await servers.GetAsync(setup);
        var user = await servers.CreateUserAsync(server);
        await using var app = new DjangoApp(server);
        await app.SignInExpiredAsync(user);
        await server.RevokeAsync(user);

        var statuses = await app.GetManyAsync(30);

        // Each caller gets the API's own answer, or a local 401 if the login had ended before.
        Assert.Empty(statuses.Except([HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden]));
        Assert.Equal("token_not_valid", Assert.Single(app.ReLogins).Error);
        Assert.Equal(TokenSessionState.ReLoginRequired, app.Session.State);
        var before = await server.GetStatsAsync();
        Assert.Equal((1, 1, 0), (before.Refreshes, before.Refreshes401, before.Api200));

        Assert.Equal(HttpStatusCode.Unauthorized, await app.GetAsync());
        Assert.Equal(before, await server.GetStatsAsync());
        await app.SignInAsync(user);
        Assert.Equal(HttpStatusCode.OK, await app.GetAsync());
        Assert.Single(app.ReLogins);
    }

    [Theory]
    [Trait("Case", "B97")]
    [MemberData(nameof(Orders))]
    public async Task A_missing_permission_refreshes_nothing(string setup)
    {
        var server = await servers.GetAsync(setup);
        await using var app = new DjangoApp(server);
        await app.SignInAsync(await servers.CreateUserAsync(server));

        using var response = await app.Client.GetAsync(new Uri("api/staff", UriKind.Relative));

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.NotEmpty((await response.Content.ReadFromJsonAsync<JsonObject>())!);
        var stats = await server.GetStatsAsync();
        Assert.Equal((0, 1), (stats.Refreshes, stats.Api403));
        Assert.Equal(HttpStatusCode.OK, await app.GetAsync());
    }

    [Theory]
    [Trait("Case", "B97")]
    [MemberData(nameof(Orders))]
    public async Task A_missing_permission_behind_an_expired_token_refreshes_once(string setup)
    {
        var server = await servers.GetAsync(setup);
        await using var app = new DjangoApp(server);
        await app.SignInExpiredAsync(await servers.CreateUserAsync(server));

        Assert.Equal(HttpStatusCode.Forbidden, await app.GetAsync("api/staff"));

        Assert.Equal(1, (await server.GetStatsAsync()).Refreshes);
        Assert.Equal(HttpStatusCode.OK, await app.GetAsync());
        Assert.Equal(1, (await server.GetStatsAsync()).Refreshes);
    }

    [Theory]
    [Trait("Case", "B97")]
    [InlineData("session first")]
    [InlineData("default list, then jwt")]
    public async Task A_403_that_names_another_code_is_the_callers(string setup)
    {
        var server = await servers.GetAsync(setup);
        var user = await servers.CreateUserAsync(server);
        await using var app = new DjangoApp(server);
        await app.SignInAsync(user);
        await server.DeactivateAsync(user);

        using var response = await app.Client.GetAsync(new Uri("api/me", UriKind.Relative));

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal("user_inactive", (string?)(await response.Content.ReadFromJsonAsync<JsonNode>())!["code"]);
        Assert.Equal(0, (await server.GetStatsAsync()).Refreshes);
        Assert.Empty(app.ReLogins);
    }
}

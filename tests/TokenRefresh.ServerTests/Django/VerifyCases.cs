using System.Net;
using System.Net.Http.Json;

namespace TokenRefresh.ServerTests.Django;

/// <summary>The verify view judges the token in the request's body. Its 401 looks like one for the token in the header.</summary>
[Trait("Case", "C32")]
public sealed class VerifyCases(DjangoServers servers)
{
    private static readonly Uri Verify = new("api/token/verify/", UriKind.Relative);

    [Fact]
    public async Task A_good_token_is_verified_without_a_refresh()
    {
        var server = await servers.GetAsync("stock");
        var user = await servers.CreateUserAsync(server);
        await using var app = new DjangoApp(server);
        await app.SignInAsync(user);

        using var response = await app.Client.PostAsJsonAsync(Verify, new { token = await app.Session.GetAccessTokenAsync() });

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(0, (await server.GetStatsAsync()).Refreshes);
    }

    [Fact]
    public async Task An_expired_token_sent_without_ours_is_the_callers_401()
    {
        var server = await servers.GetAsync("stock");
        var user = await servers.CreateUserAsync(server);
        await using var app = new DjangoApp(server);
        await app.SignInAsync(user);
        using var request = new HttpRequestMessage(HttpMethod.Post, Verify)
        {
            Content = JsonContent.Create(new { token = (await server.SignInExpiredAsync(user)).Access }),
        };

        using var response = await app.Client.SendAsync(request.WithoutAccessToken());

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(0, (await server.GetStatsAsync()).Refreshes);
    }

    [Fact]
    public async Task Expired_tokens_sent_with_ours_cost_one_refresh_and_no_sign_out()
    {
        var server = await servers.GetAsync("stock");
        var user = await servers.CreateUserAsync(server);
        await using var app = new DjangoApp(server);
        await app.SignInAsync(user);
        var expired = (await server.SignInExpiredAsync(user)).Access;

        for (var i = 0; i < 5; i++)
        {
            using var response = await app.Client.PostAsJsonAsync(Verify, new { token = expired });
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        }

        Assert.Equal(1, (await server.GetStatsAsync()).Refreshes);
        Assert.Empty(app.ReLogins);
        Assert.Equal(HttpStatusCode.OK, await app.GetAsync());
    }
}

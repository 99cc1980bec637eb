using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>Many users on two nodes with one Redis.</summary>
public sealed class ManyUsersTests
{
    private const int Users = 1_000;
    private const int UsersAtOnce = 32;

    [Fact]
    [Trait("Case", "W1")]
    public async Task A_thousand_users_over_an_expiry_cost_one_refresh_each_and_no_redirect()
    {
        Machine.MustHave(RedisServer.Missing);
        using var redis = new RedisServer();
        await redis.StartAsync();
        await using var api = await JwtApi.StartAsync();
        var setup = new NodeSetup();
        await using var one = await StartNodeAsync(api, setup, redis);
        await using var two = await StartNodeAsync(api, setup, redis);
        var cookies = new string[Users];
        await ForEachUserAsync(async user => cookies[user] = await SignInAsync(one, api, user));
        api.ExpireAccessTokens();
        setup.Time.Advance(TimeSpan.FromMinutes(5));
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false });

        await ForEachUserAsync(async user =>
        {
            var answers = await Task.WhenAll(new[] { one, two, one }.Select(node => GetOrdersAsync(http, node, cookies[user])));
            Assert.All(answers, answer => Assert.Equal((HttpStatusCode.OK, $"orders of user-{user}"), answer));
        });

        Assert.Equal(Users, api.ReceivedRefreshTokens.Count);
        Assert.Equal(Users, api.ReceivedRefreshTokens.Distinct(StringComparer.Ordinal).Count());
    }

    private static Task ForEachUserAsync(Func<int, Task> act) => Parallel.ForEachAsync(
        Enumerable.Range(0, Users),
        new ParallelOptions { MaxDegreeOfParallelism = UsersAtOnce, CancellationToken = TestContext.Current.CancellationToken },
        async (user, _) => await act(user));

    private static async Task<(HttpStatusCode Status, string Text)> GetOrdersAsync(HttpClient http, Node node, string cookie)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, node.At("orders"));
        request.Headers.TryAddWithoutValidation("Cookie", cookie);
        using var response = await http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Signs a user in.</summary>
    /// <returns>The cookie.</returns>
    private static async Task<string> SignInAsync(Node node, JwtApi api, int user)
    {
        await using var scope = node.Services.CreateAsyncScope();
        var context = new DefaultHttpContext { RequestServices = scope.ServiceProvider };
        var principal = new ClaimsPrincipal(new ClaimsIdentity([new Claim("name", $"user-{user}")], "password"));
        await context.SignInWithTokensAsync("shop", principal, api.SignIn($"user-{user}"));
        return context.Response.Headers.SetCookie.ToString().Split(';')[0];
    }

    private static Task<Node> StartNodeAsync(JwtApi api, NodeSetup setup, RedisServer redis)
    {
        var address = new Uri($"http://127.0.0.1:{FreePort.Find()}/");
        var builder = Node.CreateBuilder(setup, address);
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie();
        builder.Services.AddUserTokenSession("shop", options =>
        {
            options.TokenEndpoint = new Uri(api.Address, "api/token/refresh/");
            options.Protocol = TokenEndpointProtocol.SimpleJwt;
        }).UseRedis(redis.Address).UseDataProtection();
        builder.Services.AddHttpClient("orders", client => client.BaseAddress = api.Address).AddTokenRefreshHandler("shop");
        return Node.StartAsync(builder, setup, address);
    }
}

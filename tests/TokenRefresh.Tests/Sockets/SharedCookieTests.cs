using System;
using System.Linq;
using System.Net.Http;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.Tests.Support;
using Xunit;

namespace TokenRefresh.Tests.Sockets;

/// <summary>The cookies of an API, on a client with many users. docs/users.md and SECURITY.md say to turn them off.</summary>
[Trait("Case", "C46")]
public sealed class SharedCookieTests : IAsyncDisposable
{
    private readonly LoopbackServer _api = new(request =>
        LoopbackServer.Response(200, "", request.Contains("Bearer access-anna", StringComparison.Ordinal) ? ["Set-Cookie: sessionid=anna; Path=/"] : []));

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task The_default_handler_sends_the_cookie_of_one_user_with_the_token_of_another()
    {
        await SendAsAnnaThenBenAsync(_ => { });

        Assert.Contains("Bearer access-ben", _api.Received[^1], StringComparison.Ordinal);
        Assert.Contains("Cookie: sessionid=anna", _api.Received[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_cookies_each_user_is_known_by_the_token_alone()
    {
        await SendAsAnnaThenBenAsync(client => client.ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { UseCookies = false }));

        Assert.Contains("Bearer access-ben", _api.Received[^1], StringComparison.Ordinal);
        Assert.All(_api.Received, request => Assert.DoesNotContain("Cookie:", request, StringComparison.OrdinalIgnoreCase));
    }

    private async Task SendAsAnnaThenBenAsync(Action<IHttpClientBuilder> configure)
    {
        var services = new ServiceCollection();
        configure(services.AddHttpClient("orders", client => client.BaseAddress = _api.Url).AddTokenRefreshHandler(options =>
        {
            options.TokenEndpoint = new Uri("https://login.example.com/token");
            options.ClientId = "shop";
            options.UserKey = (_, _) => null;
        }));
        await using var provider = services.BuildServiceProvider();
        var client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
        foreach (var user in new[] { "anna", "ben" })
        {
            await provider.GetRequiredService<TokenSessions>()["orders", user].SignInAsync(new TokenSet("access-" + user, "refresh-" + user));
            using var request = new HttpRequestMessage(HttpMethod.Get, "orders").UseTokenUser(user);
            using var response = await client.SendAsync(request);
            response.EnsureSuccessStatusCode();
        }

        Assert.Equal(2, _api.Received.Count(request => request.StartsWith("GET /orders", StringComparison.Ordinal)));
    }
}

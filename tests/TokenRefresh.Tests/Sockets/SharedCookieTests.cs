using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Sockets;

/// <summary>The cookies of an API, on a client with many users: they share the client's primary handler.</summary>
[Trait("Case", "C46")]
public sealed class SharedCookieTests : IAsyncDisposable
{
    private readonly LoopbackServer _api = new(request =>
        LoopbackServer.Response(200, "", request.Contains("Bearer access-anna", StringComparison.Ordinal) ? ["Set-Cookie: sessionid=anna; Path=/"] : []));

    private readonly CapturingLoggerProvider _log = new();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task No_request_has_the_cookie_of_another_user()
    {
        await SendAsAnnaThenBenAsync(_ => { });

        Assert.Contains("Bearer access-ben", _api.Received[^1], StringComparison.Ordinal);
        Assert.All(_api.Received, request => Assert.DoesNotContain("Cookie:", request, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Defaults_for_all_clients_bring_no_cookies_back()
    {
        await SendAsAnnaThenBenAsync(client => client.Services.ConfigureHttpClientDefaults(
            defaults => defaults.UseSocketsHttpHandler((handler, _) => handler.PooledConnectionLifetime = TimeSpan.FromMinutes(1))));

        Assert.All(_api.Received, request => Assert.DoesNotContain("Cookie:", request, StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("a handler of the app's own")]
    [InlineData("the platform's handler, set by the app")]
    public async Task What_the_app_sets_stays(string kind)
    {
        await SendAsAnnaThenBenAsync(client => _ = kind == "a handler of the app's own"
            ? client.ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler())
            : client.UseSocketsHttpHandler((handler, _) => handler.UseCookies = true));

        Assert.Contains("Bearer access-ben", _api.Received[^1], StringComparison.Ordinal);
        Assert.Contains("Cookie: sessionid=anna", _api.Received[^1], StringComparison.Ordinal);
        Assert.Single(_log.Messages, message => message.EventName == "SharedCookies");
    }

    [Fact]
    public async Task A_client_with_one_user_keeps_its_cookies()
    {
        var services = new ServiceCollection();
        services.AddHttpClient("orders", client => client.BaseAddress = _api.Url).AddTokenRefreshHandler(Configure);
        await using var provider = services.BuildServiceProvider();
        await provider.GetRequiredService<TokenSessions>()["orders"].SignInAsync(new TokenSet("access-anna", "refresh-anna"));
        var client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders");

        await client.GetStringAsync(new Uri("orders", UriKind.Relative));
        await client.GetStringAsync(new Uri("orders", UriKind.Relative));

        Assert.Contains("Cookie: sessionid=anna", _api.Received[^1], StringComparison.Ordinal);
    }

    private static void Configure(TokenRefreshOptions options)
    {
        options.TokenEndpoint = new Uri("https://login.example.com/token");
        options.ClientId = "shop";
    }

    private async Task SendAsAnnaThenBenAsync(Action<IHttpClientBuilder> configure)
    {
        var services = new ServiceCollection();
        _log.Add(services);
        configure(services.AddHttpClient("orders", client => client.BaseAddress = _api.Url).AddTokenRefreshHandler(options =>
        {
            Configure(options);
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

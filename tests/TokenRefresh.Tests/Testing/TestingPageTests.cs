using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RichardSzalay.MockHttp;

namespace TokenRefresh.Tests.Testing;

/// <summary>The code of docs/testing.md and docs/testing-examples.md, run.</summary>
public sealed class TestingPageTests
{
    [Fact]
    [Trait("Case", "C1")]
    public async Task An_expired_token_is_nobodys_problem()
    {
        var tokens = new FakeTokenServer();
        var api = new MockHttpMessageHandler();
        api.When("*").With(tokens.Accepts).Respond("text/plain", "three orders");
        api.When("*").Respond(HttpStatusCode.Unauthorized);
        await using var app = Build(api, tokens);
        await app.GetRequiredService<TokenSessions>()["orders"].SignInAsync(tokens.Issue());
        tokens.ExpireAccessTokens();

        Assert.Equal("three orders", await app.GetRequiredService<OrdersClient>().ListAsync());
        tokens.AssertRefreshes(1);
    }

    [Fact]
    [Trait("Case", "C2")]
    public async Task A_revoked_login_asks_for_a_new_one_once()
    {
        var tokens = new FakeTokenServer();
        await using var app = Build(new FakeApi(tokens), tokens);
        var session = app.GetRequiredService<TokenSessions>()["orders"];
        await session.SignInAsync(tokens.Issue());
        var asked = 0;
        session.ReLoginRequired += (_, _) => asked++;
        tokens.ExpireAccessTokens();
        tokens.RevokeRefreshTokens();

        await Assert.ThrowsAsync<HttpRequestException>(() => app.GetRequiredService<OrdersClient>().ListAsync());
        await Assert.ThrowsAsync<HttpRequestException>(() => app.GetRequiredService<OrdersClient>().ListAsync());

        Assert.Equal(1, asked);
        tokens.AssertRefreshes(1);
    }

    [Fact]
    [Trait("Case", "C29")]
    public async Task An_outage_of_the_login_server_is_no_sign_out()
    {
        var tokens = new FakeTokenServer();
        await using var app = Build(new FakeApi(tokens), tokens);
        var session = app.GetRequiredService<TokenSessions>()["orders"];
        await session.SignInAsync(tokens.Issue());
        tokens.ExpireAccessTokens();
        tokens.RespondOnce(HttpStatusCode.Unauthorized, "<html>maintenance</html>", "text/html");

        await session.RefreshAsync();

        Assert.Equal(TokenSessionState.SignedIn, session.State);
        tokens.AssertRefreshes(2);
    }

    [Fact]
    [Trait("Case", "C3")]
    public async Task Fifty_pages_at_once_refresh_once()
    {
        var tokens = new FakeTokenServer();
        var api = new FakeApi(tokens);
        await using var app = Build(api, tokens);
        await app.GetRequiredService<TokenSessions>()["orders"].SignInAsync(tokens.Issue());

        var gate = api.Hold();
        var pages = Enumerable.Range(0, 50).Select(_ => app.GetRequiredService<OrdersClient>().ListAsync()).ToArray();
        await gate.ArrivedAsync(50);          // all fifty are at the API, with the same token
        tokens.ExpireAccessTokens();
        api.Release();
        await Task.WhenAll(pages);

        tokens.AssertRefreshes(1);
        Assert.Equal(50, api.CallsWith("access-1"));
        Assert.Equal(50, api.CallsWith("access-2"));
    }

    [Fact]
    [Trait("Case", "C17")]
    public async Task Time_passes_when_the_test_says_so()
    {
        var time = new FakeTimeProvider();
        var tokens = new FakeTokenServer(time) { Lifetime = TimeSpan.FromMinutes(5) };
        await using var app = Build(new FakeApi(tokens), tokens, time);
        var session = app.GetRequiredService<TokenSessions>()["orders"];
        await session.SignInAsync(tokens.Issue());

        Assert.Equal("access-1", await session.GetAccessTokenAsync());
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal("access-2", await session.GetAccessTokenAsync());
    }

    private static ServiceProvider Build(HttpMessageHandler api, FakeTokenServer tokens, TimeProvider? time = null)
    {
        var services = new ServiceCollection();
        OrdersClient.Register(services);      // as your app does it; then, on top:
        services.AddSingleton(time ?? TimeProvider.System);
        services.AddHttpClient("orders").ConfigurePrimaryHttpMessageHandler(() => api);
        services.AddTokenSession("orders").TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(() => tokens);
        return services.BuildServiceProvider();
    }

    /// <summary>What is tested: an app's client.</summary>
    private sealed class OrdersClient(IHttpClientFactory clients)
    {
        public static void Register(IServiceCollection services)
        {
            services.AddTransient<OrdersClient>();
            services.AddHttpClient("orders", client => client.BaseAddress = new Uri("https://api.example.com"))
                .AddTokenRefreshHandler(options =>
                {
                    options.TokenEndpoint = new Uri("https://login.example.com/oauth/token");
                    options.ClientId = "shop";
                });
        }

        public async Task<string> ListAsync() => await clients.CreateClient("orders").GetStringAsync(new Uri("orders", UriKind.Relative));
    }
}

// The file of docs/testing.md. A new project imports these three by itself.
using System;
using System.Net.Http;
using System.Threading.Tasks;

// OrdersTests.cs
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh;
using TokenRefresh.Testing;
using Xunit;

namespace Orders.Tests;

public sealed class OrdersTests
{
    [Fact]
    public async Task An_expired_token_is_refreshed()
    {
        var tokens = new FakeTokenServer();
        var api = new FakeApi(tokens);
        await using var app = Build(api, tokens);
        await app.GetRequiredService<TokenSessions>()["orders"].SignInAsync(tokens.Issue());
        tokens.ExpireAccessTokens();

        using var response = await app.GetRequiredService<IHttpClientFactory>().CreateClient("orders").GetAsync("orders");

        Assert.Equal(TokenRefreshOutcome.None, response.GetTokenRefreshOutcome());     // says why it is a 401
        response.EnsureSuccessStatusCode();
        tokens.AssertRefreshes(1);
    }

    private static ServiceProvider Build(HttpMessageHandler api, FakeTokenServer tokens)
    {
        var services = new ServiceCollection();

        // Call your app's own registration here instead:
        services.AddHttpClient("orders", client => client.BaseAddress = new Uri("https://api.example.com"))
            .AddTokenRefreshHandler(options =>
            {
                options.TokenEndpoint = new Uri("https://login.example.com/oauth/token");
                options.ClientId = "shop";
            });

        // Then replace the handlers:
        services.AddHttpClient("orders").ConfigurePrimaryHttpMessageHandler(() => api);
        services.AddTokenSession("orders").TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(() => tokens);
        return services.BuildServiceProvider();
    }
}

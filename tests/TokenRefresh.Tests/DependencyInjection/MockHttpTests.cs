using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RichardSzalay.MockHttp;

namespace TokenRefresh.Tests.DependencyInjection;

/// <summary>A client tested as its users test it: with MockHttp and a fake clock.</summary>
public sealed class MockHttpTests
{
    [Fact]
    [Trait("Case", "C1")]
    public async Task A_refused_token_is_refreshed_against_mock_servers()
    {
        using var server = new MockHttpMessageHandler();
        var refresh = server.When("https://login.example.com/*").WithFormData("refresh_token", "refresh")
            .Respond("application/json", """{"access_token":"new","refresh_token":"next"}""");
        server.When("https://api.example.com/*").WithHeaders("Authorization", "Bearer new").Respond(HttpStatusCode.OK);
        server.When("https://api.example.com/*").Respond(HttpStatusCode.Unauthorized);
        await using var provider = Build(server);
        await provider.GetRequiredService<TokenSessions>()["orders"].SignInAsync(new TokenSet("old", "refresh"));

        using var response = await provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders").GetAsync(new Uri("me", UriKind.Relative));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(1, server.GetMatchCount(refresh));
    }

    [Fact]
    [Trait("Case", "C7")]
    public async Task An_expiry_comes_when_the_test_says_so()
    {
        using var server = new MockHttpMessageHandler();
        var refresh = server.When("https://login.example.com/*").Respond("application/json", """{"access_token":"new","expires_in":300}""");
        server.When("https://api.example.com/*").Respond(HttpStatusCode.OK);
        var time = new FakeTimeProvider();
        await using var provider = Build(server, time);
        var session = provider.GetRequiredService<TokenSessions>()["orders"];
        await session.SignInAsync(new TokenSet("old", "refresh") { ExpiresAt = time.GetUtcNow().AddMinutes(5) });

        Assert.Equal("old", await session.GetAccessTokenAsync());
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal("new", await session.GetAccessTokenAsync());

        Assert.Equal(1, server.GetMatchCount(refresh));
    }

    private static ServiceProvider Build(MockHttpMessageHandler server, TimeProvider? time = null)
    {
        var services = new ServiceCollection();
        services.AddSingleton(time ?? TimeProvider.System);
        services.AddHttpClient("orders", client => client.BaseAddress = new Uri("https://api.example.com"))
            .ConfigurePrimaryHttpMessageHandler(() => server)
            .AddTokenRefreshHandler(options =>
            {
                options.TokenEndpoint = new Uri("https://login.example.com/oauth/token");
                options.ClientId = "shop";
            });
        services.AddTokenSession("orders").TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(() => server);
        return services.BuildServiceProvider();
    }
}

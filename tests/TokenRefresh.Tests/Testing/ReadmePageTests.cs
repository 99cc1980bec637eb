using System.Net;
using Microsoft.Extensions.DependencyInjection;
using RichardSzalay.MockHttp;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Testing;

/// <summary>"Test your client" of README.md, run.</summary>
public sealed class ReadmePageTests
{
    [Fact]
    [Trait("Case", "C1")]
    public async Task Four_mocked_answers_are_enough_to_see_a_refresh()
    {
        var services = new ServiceCollection();
        Canary.Watch(services);
        services.AddHttpClient("orders", client => client.BaseAddress = new Uri("https://api.example.com"))
            .AddTokenRefreshHandler(options =>
            {
                options.TokenEndpoint = new Uri("https://login.example.com/oauth/token");
                options.ClientId = "shop";
            });

        var server = new MockHttpMessageHandler();      // RichardSzalay.MockHttp
        server.When("https://login.example.com/*").Respond("application/json", """{"access_token":"new","refresh_token":"next"}""");
        server.When("https://api.example.com/*").WithHeaders("Authorization", "Bearer new").Respond(HttpStatusCode.OK);
        server.When("https://api.example.com/*").Respond(HttpStatusCode.Unauthorized);

        services.AddHttpClient("orders").ConfigurePrimaryHttpMessageHandler(() => server);              // the API
        services.AddTokenSession("orders").TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(() => server); // the token endpoint
        await using var provider = services.BuildServiceProvider();
        await provider.GetRequiredService<TokenSessions>()["orders"].SignInAsync(new TokenSet("old", "refresh"));

        using var response = await provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders").GetAsync(new Uri("me", UriKind.Relative));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }
}

using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.Samples.Servers;

namespace TokenRefresh.ServerTests;

/// <summary>The discovery document of a real OpenID Connect server (OpenIddict).</summary>
public sealed class DiscoveryCases
{
    // What the server calls itself, wherever it listens.
    private static readonly Uri Issuer = new("http://issuer.example/");

    [Fact]
    public async Task The_endpoints_of_an_issuer_are_found_and_used()
    {
        await using var server = await OAuthServer.StartAsync();
        await using var app = Build(server, Issuer);
        var session = app.GetRequiredService<TokenSessions>()["orders"];
        var tokens = await server.SignInAsync();
        await session.SignInAsync(new TokenSet(tokens.AccessToken, tokens.RefreshToken));

        await session.RefreshAsync(TestContext.Current.CancellationToken);
        var response = await app.GetRequiredService<IHttpClientFactory>().CreateClient("orders").GetAsync(new Uri("api/me", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(1, server.Counters.Refreshes);
    }

    [Fact]
    public async Task A_server_that_calls_itself_otherwise_gets_no_refresh_token()
    {
        await using var server = await OAuthServer.StartAsync();
        await using var app = Build(server, new Uri("http://other.example/"));
        var session = app.GetRequiredService<TokenSessions>()["orders"];
        var tokens = await server.SignInAsync();
        await session.SignInAsync(new TokenSet(tokens.AccessToken, tokens.RefreshToken));

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => session.RefreshAsync(TestContext.Current.CancellationToken));

        Assert.Equal(TokenRefreshFailure.Configuration, failure.Failure);
        Assert.Equal(0, server.Counters.Refreshes);
    }

    private static ServiceProvider Build(OAuthServer server, Uri issuer)
    {
        var services = new ServiceCollection();
        services.AddHttpClient("orders", http => http.BaseAddress = server.Api).AddTokenRefreshHandler(options =>
        {
            options.Issuer = issuer;
            options.InsecureOrigins.Add(issuer);
            options.MetadataAddress = new Uri(server.Api, "/.well-known/openid-configuration");
            options.ClientId = OAuthServer.ClientId;
            options.ClientSecret = OAuthServer.ClientSecret;
        });
        return services.BuildServiceProvider();
    }
}

using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;

namespace TokenRefresh.ServerTests;

/// <summary>Discovery and refresh against a real provider of another make (oidc-provider, Node).</summary>
public sealed class OidcProviderCases
{
    private const int Requests = 20;

    [Fact]
    public async Task Requests_find_the_endpoints_and_share_each_rotated_refresh_token()
    {
        await using var provider = await OidcProvider.StartAsync(new Uri("http://127.0.0.1:1/"));
        await using var app = Build(provider);
        var session = app.GetRequiredService<TokenSessions>()["users"];
        await session.SignInAsync(TokenSet.FromRefreshToken(await provider.SignInAsync()));
        using var client = app.GetRequiredService<IHttpClientFactory>().CreateClient("users");

        var answers = await Task.WhenAll(Enumerable.Range(0, Requests).Select(_ => client.GetAsync(new Uri("me", UriKind.Relative))));
        await session.RefreshAsync(TestContext.Current.CancellationToken);
        await session.RefreshAsync(TestContext.Current.CancellationToken);
        using var last = await client.GetAsync(new Uri("me", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.All(answers.Append(last), answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        var counts = await provider.CountAsync();
        Assert.Equal((3, 3, 0), (counts.RefreshTokens.Length, counts.RefreshTokens.Distinct().Count(), counts.Refused));
    }

    private static ServiceProvider Build(OidcProvider provider)
    {
        var services = new ServiceCollection();
        services.AddHttpClient("users", http => http.BaseAddress = provider.Address).AddTokenRefreshHandler(options =>
        {
            options.Issuer = provider.Address;
            options.ClientId = OidcProvider.ClientId;
            options.ClientSecret = OidcProvider.ClientSecret;
            options.ClientAuthentication = ClientAuthentication.Post;
        });
        return services.BuildServiceProvider();
    }
}

using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>A 401 of an API that has nothing to do with the user's token, such as one with a key of the app.</summary>
[Trait("Case", "W30")]
public sealed class OtherApiTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Its_401_is_the_apps_own_error(bool isSignedIn)
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, CreateSetup(provider));
        using var browser = new Browser();
        if (isSignedIn)
        {
            await browser.GoAsync(node.At("orders"));
        }

        var logins = provider.Logins;
        var page = await browser.GoAsync(node.At("weather"));

        Assert.Equal((HttpStatusCode.InternalServerError, "The app's own error page."), (page.Status, page.Text));
        Assert.Equal(logins, provider.Logins);
        Assert.DoesNotContain(node.Log.Own, line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_login_of_the_app_itself_that_has_ended_leads_no_visitor_to_the_sign_in()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, CreateSetup(provider));
        using var browser = new Browser();
        var service = node.Sessions["service"];
        await service.SignInAsync(new TokenSet("access", "refresh") { ExpiresAt = DateTimeOffset.UnixEpoch });

        var page = await browser.GoAsync(node.At("service"));

        Assert.Equal(TokenSessionState.ReLoginRequired, service.State);
        Assert.Equal((HttpStatusCode.InternalServerError, "The app's own error page."), (page.Status, page.Text));
        Assert.Equal(0, provider.Logins);
    }

    [Theory]
    [InlineData("by the request")]
    [InlineData("by the service")]
    public async Task A_token_that_the_app_attaches_itself_still_counts_as_the_users(string how)
    {
        await using var provider = await Provider.StartAsync();
        provider.ApiRejectsAll = true;
        await using var node = await Node.StartAsync(provider, CreateSetup(provider, app =>
        {
            app.MapGet("/by-the-request", async (HttpContext context, IHttpClientFactory clients) =>
                await SendAsync(clients, context.GetTokenSession("shop"))).RequireAuthorization();
            app.MapGet("/by-the-service", async ([FromKeyedServices("shop")] TokenSession session, IHttpClientFactory clients) =>
                await SendAsync(clients, session)).RequireAuthorization();
        }));
        using var browser = new Browser();

        var page = await browser.GoAsync(node.At(how.Replace(' ', '-')));

        Assert.Equal(HttpStatusCode.Unauthorized, page.Status);
        Assert.Contains("audience", page.Text, StringComparison.Ordinal);
    }

    private static NodeSetup CreateSetup(Provider provider, Action<WebApplication>? map = null) => new()
    {
        ConfigureServices = services =>
        {
            services.AddHttpClient("weather", client => client.BaseAddress = provider.Address);
            services.AddHttpClient("service", client => client.BaseAddress = provider.Address).AddTokenRefreshHandler(options =>
            {
                options.TokenEndpoint = new Uri(provider.Address, "connect/token");
                options.ClientId = Provider.ClientId;
                options.ClientSecret = Provider.ClientSecret;
                options.ReLoginResult = ReLoginResult.Throw;
            });
        },
        Map = app =>
        {
            app.MapGet("/weather", (IHttpClientFactory clients) => clients.CreateClient("weather").GetStringAsync("api/me"));
            app.MapGet("/service", (IHttpClientFactory clients) => clients.CreateClient("service").GetStringAsync("api/me"));
            map?.Invoke(app);
        },
    };

    private static async Task<string> SendAsync(IHttpClientFactory clients, TokenSession session)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "api/me");
        request.Headers.Authorization = new("Bearer", await session.GetAccessTokenAsync());
        using var response = await clients.CreateClient("weather").SendAsync(request);
        return await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync();
    }
}

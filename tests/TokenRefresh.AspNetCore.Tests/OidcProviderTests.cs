using System.Net;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>Sign-in and back-channel logout with a real provider of another make (oidc-provider, Node).</summary>
public sealed class OidcProviderTests
{
    [Fact]
    public async Task A_sign_out_at_the_provider_ends_the_login_of_that_browser_alone()
    {
        var setup = new NodeSetup
        {
            Map = app => app.MapGet("/bound", async (HttpContext context) =>
                $"{await context.GetTokenSession("shop").GetAccessTokenAsync(context.RequestAborted) is not null}").RequireAuthorization(),
        };
        var address = new Uri($"http://127.0.0.1:{FreePort.Find()}/");
        await using var provider = await OidcProvider.StartAsync(address);
        await using var node = await StartNodeAsync(provider, setup, address);
        using var one = new Browser();
        using var two = new Browser();
        Assert.EndsWith("True", (await one.GoAsync(node.At("bound"))).Text, StringComparison.Ordinal);
        Assert.Equal("True", (await two.GoAsync(node.At("bound"))).Text);

        var page = await one.GoAsync(new Uri(provider.Address, "session/end"));

        Assert.True(page.Status == HttpStatusCode.OK, page.Text);
        var counts = await provider.CountAsync();
        Assert.True(counts is { Logouts: 1, Errors: [] }, string.Join('\n', counts.Errors.Concat(node.Log.Own)));
        Assert.Equal(HttpStatusCode.Unauthorized, (await one.FetchAsync(node.At("user"))).Status);
        Assert.Equal(HttpStatusCode.OK, (await two.FetchAsync(node.At("user"))).Status);
        Assert.Equal("True", (await one.GoAsync(node.At("bound"))).Text);
    }

    private static Task<Node> StartNodeAsync(OidcProvider provider, NodeSetup setup, Uri address)
    {
        var builder = Node.CreateBuilder(setup, address);
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie().AddOpenIdConnect(options =>
        {
            options.Authority = provider.Address.ToString();
            options.RequireHttpsMetadata = false;
            options.ClientId = OidcProvider.ClientId;
            options.ClientSecret = OidcProvider.ClientSecret;
            options.ResponseType = "code";
        });
        builder.Services.AddUserTokenSession("shop");
        return Node.StartAsync(builder, setup, address);
    }
}

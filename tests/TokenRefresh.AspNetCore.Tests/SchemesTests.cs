using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>An app with two providers, each with a session of its own.</summary>
public sealed class SchemesTests
{
    [Theory]
    [Trait("Case", "W10")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Two_providers_have_two_sessions(bool shareCookie)
    {
        await using var shop = await Provider.StartAsync();
        await using var bank = await Provider.StartAsync();
        var setup = new NodeSetup
        {
            Map = app =>
            {
                app.MapGet("/login/{scheme}", (string scheme) => Results.Challenge(new AuthenticationProperties { RedirectUri = "/" }, [scheme]));
                app.MapGet("/bank", async (IHttpClientFactory clients) => "bank of " + await clients.CreateClient("bank").GetStringAsync("api/me"))
                    .RequireAuthorization("bank");
            },
        };
        var address = new Uri($"http://127.0.0.1:{TestKit.RedisServer.FindPort()}/");
        await shop.AllowAsync(address);
        await bank.AllowAsync(address);
        var builder = Node.CreateBuilder(setup, address);
        var cookieOfBank = shareCookie ? CookieAuthenticationDefaults.AuthenticationScheme : "BankCookie";
        var authentication = builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie()
            .AddOpenIdConnect("Shop", options => Node.Configure(options, shop))
            .AddOpenIdConnect("Bank", options =>
            {
                Node.Configure(options, bank);
                options.CallbackPath = "/signin-other";
                options.SignInScheme = cookieOfBank;
            });
        if (!shareCookie)
        {
            authentication.AddCookie(cookieOfBank);
        }

        builder.Services.AddAuthorizationBuilder().AddPolicy("bank", policy => policy.AddAuthenticationSchemes(cookieOfBank).RequireAuthenticatedUser());
        builder.Services.AddUserTokenSession("shop", configureUsers: options => options.OpenIdConnectScheme = "Shop");
        builder.Services.AddUserTokenSession("bank", configureUsers: options => options.OpenIdConnectScheme = "Bank");
        builder.Services.AddHttpClient("orders", client => client.BaseAddress = shop.Address).AddTokenRefreshHandler("shop");
        builder.Services.AddHttpClient("bank", client => client.BaseAddress = bank.Address).AddTokenRefreshHandler("bank");
        await using var node = await Node.StartAsync(builder, setup, address);
        using var browser = new Browser();
        browser.SetCookie(shop.Address, Provider.UserCookie, "carol");

        await browser.GoAsync(node.At("login/Shop"));
        Assert.Equal("orders of carol", (await browser.GoAsync(node.At("orders"))).Text);
        await browser.GoAsync(node.At("login/Bank"));

        Assert.Equal("bank of carol", (await browser.GoAsync(node.At("bank"))).Text);
        if (shareCookie)
        {
            // One cookie holds one login: the new one signs the other out, as any login while logged in does.
            await Eventually.TrueAsync(() => shop.RevokedTokens.Count == 1);
        }
        else
        {
            Assert.Equal("orders of carol", (await browser.GoAsync(node.At("orders"))).Text);
            Assert.Empty(shop.RevokedTokens);
        }

        Assert.Equal((1, 1), (shop.Logins, bank.Logins));
    }
}

using System.Net;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
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
        var address = new Uri($"http://127.0.0.1:{TestKit.FreePort.Find()}/");
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

    [Fact]
    [Trait("Case", "W4")]
    public async Task A_login_signs_the_earlier_one_out_where_the_cookie_scheme_is_not_the_default()
    {
        const string Cookie = "ShopCookie";
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            ConfigureProvider = options => options.SignInScheme = Cookie,
            ConfigureServices = services => services.AddAuthentication().AddCookie(Cookie),
            Map = app =>
            {
                MapLogin(app);
                app.MapGet("/shop", async (IHttpClientFactory clients) => "shop of " + await clients.CreateClient("orders").GetStringAsync("api/me"))
                    .RequireAuthorization(policy => policy.AddAuthenticationSchemes(Cookie).RequireAuthenticatedUser());
            },
        });
        using var browser = new Browser();
        await browser.GoAsync(node.At("login"));
        Assert.Equal("shop of alice", (await browser.GoAsync(node.At("shop"))).Text);
        browser.SetCookie(provider.Address, Provider.UserCookie, "bob");

        await browser.GoAsync(node.At("login"));

        Assert.Equal("shop of bob", (await browser.GoAsync(node.At("shop"))).Text);
        await Eventually.TrueAsync(() => provider.RevokedTokens.SequenceEqual([provider.IssuedTokens.ElementAt(1)]));
    }

    [Fact]
    [Trait("Case", "W10")]
    public async Task Tokens_for_a_second_session_of_the_same_user_leave_the_first_signed_in()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            ConfigureUsers = options => options.OpenIdConnectScheme = OpenIdConnectDefaults.AuthenticationScheme,
            ConfigureServices = services => services.AddUserTokenSession("bank", options =>
            {
                options.TokenEndpoint = new Uri("https://bank.example.com/token");
                options.ClientId = "bank";
            }),
            Map = app =>
            {
                MapLogin(app);
                app.MapPost("/connect-bank", async Task (HttpContext context) =>
                    await context.SignInWithTokensAsync("bank", context.User, new TokenSet("access", "refresh"))).RequireAuthorization();
                app.MapGet("/bank", (HttpContext context) => context.GetTokenSession("bank").State.ToString()).RequireAuthorization();
            },
        });
        using var browser = new Browser();
        await browser.GoAsync(node.At("login"));

        Assert.Equal(HttpStatusCode.OK, (await browser.FetchAsync(node.At("connect-bank"), HttpMethod.Post)).Status);

        Assert.Equal("orders of alice", (await browser.FetchAsync(node.At("orders"))).Text);
        Assert.Equal("SignedIn", (await browser.FetchAsync(node.At("bank"))).Text);
        Assert.Equal(1, provider.Logins);
    }

    private static void MapLogin(WebApplication app) => app.MapGet("/login", () => Results.Challenge(
        new AuthenticationProperties { RedirectUri = "/" }, [OpenIdConnectDefaults.AuthenticationScheme]));
}

using System.Net;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>Sign-in by OpenID Connect.</summary>
public sealed class SignInTests
{
    private const string AppCookie = ".AspNetCore.Cookies";

    [Fact]
    public async Task A_page_is_shown_after_the_login_with_the_users_own_token()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider);
        using var browser = new Browser();

        var page = await browser.GoAsync(node.At("orders"));

        Assert.Equal((HttpStatusCode.OK, "orders of alice"), (page.Status, page.Text));
        Assert.Contains("offline_access", Assert.Single(provider.RequestedScopes), StringComparison.Ordinal);
        Assert.Equal(["alice"], provider.ApiUsers);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Two_users_have_their_own_tokens_whatever_claims_are_called(bool mapInboundClaims)
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            ConfigureServices = services => services.Configure<OpenIdConnectOptions>(
                OpenIdConnectDefaults.AuthenticationScheme, options => options.MapInboundClaims = mapInboundClaims),
        });
        using var alices = new Browser();
        using var bobs = new Browser();
        bobs.SetCookie(provider.Address, Provider.UserCookie, "bob");

        var pages = await Task.WhenAll(alices.GoAsync(node.At("orders")), bobs.GoAsync(node.At("orders")));

        Assert.Equal(["orders of alice", "orders of bob"], pages.Select(page => page.Text));
    }

    [Fact]
    [Trait("Case", "W11")]
    public async Task The_cookie_holds_no_token_even_with_SaveTokens()
    {
        await using var provider = await Provider.StartAsync();
        string[] saved = [];
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            ConfigureServices = services => services.Configure<OpenIdConnectOptions>(OpenIdConnectDefaults.AuthenticationScheme, options => options.SaveTokens = true),
            Map = app => app.MapGet("/saved", async (HttpContext context) =>
                saved = [.. (await context.AuthenticateAsync()).Properties!.GetTokens().Select(token => token.Name)]),
        });
        using var browser = new Browser();

        await browser.GoAsync(node.At("orders"));
        await browser.GoAsync(node.At("saved"));

        Assert.Equal(["token_type", "expires_at"], saved);
        Assert.Equal([AppCookie], browser.CookieNames(node.Address));
        var cookie = browser.Cookie(node.Address, AppCookie)!;
        Assert.InRange(cookie.Length, 1, 1400);
        var ticket = node.Services.ReadTicket(cookie);
        var held = ticket.Properties.Items.Values.Concat(ticket.Principal.Claims.Select(claim => claim.Value));
        Assert.DoesNotContain(held, value => provider.IssuedTokens.Contains(value));
    }

    [Fact]
    [Trait("Case", "W14")]
    public async Task A_login_without_a_refresh_token_fails_and_names_offline_access()
    {
        await using var provider = await Provider.StartAsync();
        provider.RefusesOfflineAccess = true;
        await using var node = await Node.StartAsync(provider);
        using var browser = new Browser();

        var page = await browser.GoAsync(node.At("orders"));

        Assert.Equal(HttpStatusCode.InternalServerError, page.Status);
        Assert.DoesNotContain(AppCookie, browser.CookieNames(node.Address));
        Assert.Contains(node.Log.Own, line => line.Contains("offline_access", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Case", "W14")]
    public async Task A_login_without_a_refresh_token_is_accepted_where_the_app_says_so()
    {
        await using var provider = await Provider.StartAsync();
        provider.RefusesOfflineAccess = true;
        await using var node = await Node.StartAsync(provider, new NodeSetup { ConfigureUsers = options => options.RequireRefreshToken = false });
        using var browser = new Browser();

        var page = await browser.GoAsync(node.At("orders"));

        Assert.Equal("orders of alice", page.Text);
        Assert.DoesNotContain("offline_access", Assert.Single(provider.RequestedScopes), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Case", "W4")]
    public async Task A_login_while_logged_in_signs_the_old_session_out()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, WithLoginLink());
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        var oldCookie = browser.Cookie(node.Address, AppCookie);
        var oldRefreshToken = provider.IssuedTokens.ElementAt(1);

        browser.SetCookie(provider.Address, Provider.UserCookie, "bob");
        await browser.GoAsync(node.At("login"));

        Assert.Equal("orders of bob", (await browser.GoAsync(node.At("orders"))).Text);
        await Eventually.TrueAsync(() => provider.RevokedTokens.SequenceEqual([oldRefreshToken]));
        Assert.NotEqual(oldCookie, browser.Cookie(node.Address, AppCookie));
        browser.SetCookie(node.Address, AppCookie, oldCookie);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.FetchAsync(node.At("orders"))).Status);
    }

    [Fact]
    [Trait("Case", "W3")]
    public async Task An_old_cookie_works_with_a_new_session_of_the_same_browser_and_not_with_another_users()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, WithLoginLink());
        using var browser = new Browser();
        browser.SetCookie(provider.Address, Provider.SessionCookie, "sid-1");
        await browser.GoAsync(node.At("orders"));
        var alices = browser.Cookie(node.Address, AppCookie);

        await browser.GoAsync(node.At("login"));
        var alicesNew = browser.Cookie(node.Address, AppCookie);
        browser.SetCookie(node.Address, AppCookie, alices);
        Assert.Equal("orders of alice", (await browser.FetchAsync(node.At("orders"))).Text);

        // The same provider session, should a provider keep it, and another user.
        browser.SetCookie(node.Address, AppCookie, alicesNew);
        browser.SetCookie(provider.Address, Provider.UserCookie, "bob");
        await browser.GoAsync(node.At("login"));
        browser.SetCookie(node.Address, AppCookie, alices);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.FetchAsync(node.At("orders"))).Status);
        browser.SetCookie(node.Address, AppCookie, alicesNew);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.FetchAsync(node.At("orders"))).Status);
        Assert.Equal(["alice", "alice"], provider.ApiUsers);
    }

    [Fact]
    [Trait("Case", "W5")]
    public async Task A_store_that_is_down_fails_the_login_and_leaves_no_cookie()
    {
        await using var provider = await Provider.StartAsync();
        var store = new RemoteStore { IsAway = true };
        await using var node = await Node.StartAsync(provider, new NodeSetup { ConfigureSession = session => session.UseStore(store).UseDataProtection() });
        using var browser = new Browser();

        var page = await browser.GoAsync(node.At("orders"));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, page.Status);
        Assert.NotNull(page.RetryAfter);
        Assert.Empty(browser.CookieNames(node.Address));
        store.IsAway = false;
        Assert.Equal("orders of alice", (await browser.GoAsync(node.At("orders"))).Text);
    }

    [Fact]
    public async Task A_session_key_that_someone_else_chose_is_never_used()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider);
        using var mallorys = new Browser();
        mallorys.SetCookie(provider.Address, Provider.UserCookie, "mallory");
        await mallorys.GoAsync(node.At("orders"));
        using var alices = new Browser();
        alices.SetCookie(node.Address, AppCookie, mallorys.Cookie(node.Address, AppCookie));

        await alices.GoAsync(node.At("login"));
        await alices.GoAsync(node.At("signin-oidc"));
        alices.SetCookie(node.Address, AppCookie, null);
        Assert.Equal("orders of alice", (await alices.GoAsync(node.At("orders"))).Text);

        Assert.Equal("orders of mallory", (await mallorys.FetchAsync(node.At("orders"))).Text);
    }

    private static NodeSetup WithLoginLink() => new()
    {
        Map = app => app.MapGet("/login", () => Results.Challenge(new AuthenticationProperties { RedirectUri = "/" })),
    };
}

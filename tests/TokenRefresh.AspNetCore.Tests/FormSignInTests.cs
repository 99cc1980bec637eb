using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>Simple JWT behind a password form, on two nodes with a shared store.</summary>
[Trait("Case", "W22")]
public sealed class FormSignInTests : IAsyncLifetime
{
    private const string AppCookie = ".AspNetCore.Cookies";
    private readonly NodeSetup _setup = new()
    {
        Map = app =>
        {
            app.MapGet("/login", () => "the login page");
            app.MapPost("/login", HandleFormAsync);
            app.MapGet("/plain-login", (HttpContext context) => context.SignInAsync(Principal("carol")));
            app.MapGet("/anonymous", async Task (HttpContext context) =>
                await context.SignInWithTokensAsync("shop", new ClaimsPrincipal(new ClaimsIdentity()), new TokenSet("a", "b")));
        },
    };

    private readonly string _directory = Directory.CreateTempSubdirectory("tokenrefresh-store-").FullName;
    private readonly Browser _browser = new();
    private JwtApi _api = null!;
    private Node _one = null!;
    private Node _two = null!;

    public async ValueTask InitializeAsync()
    {
        _api = await JwtApi.StartAsync();
        _one = await StartNodeAsync();
        _two = await StartNodeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _browser.Dispose();
        await _one.DisposeAsync();
        await _two.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task Six_tabs_that_reload_on_two_nodes_across_expiries_cost_one_refresh_each_and_no_login()
    {
        await SignInAsync(_browser, "alice");
        await _browser.GoAsync(_two.At("orders"));

        for (var expiry = 1; expiry <= 5; expiry++)
        {
            _api.ExpireAccessTokens();
            _setup.Time.Advance(TimeSpan.FromMinutes(5));
            var tabs = await Task.WhenAll(Enumerable.Range(0, 6).Select(tab => _browser.GoAsync((tab % 2 == 0 ? _one : _two).At("orders"))));
            Assert.All(tabs, tab => Assert.Equal("orders of alice", tab.Text));
            Assert.Equal(expiry, _api.ReceivedRefreshTokens.Count);
        }

        Assert.Equal(5, _api.ReceivedRefreshTokens.Distinct().Count());
        Assert.DoesNotContain(_browser.Visited.Skip(1), visited => visited.Contains("/login", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_browsers_of_one_user_have_logins_of_their_own()
    {
        using var other = new Browser();
        await SignInAsync(_browser, "alice");
        await SignInAsync(other, "alice");
        _api.ExpireAccessTokens();
        _setup.Time.Advance(TimeSpan.FromMinutes(5));

        await Task.WhenAll(_browser.GoAsync(_one.At("orders")), _browser.GoAsync(_two.At("orders")), other.GoAsync(_one.At("orders")), other.GoAsync(_two.At("orders")));
        await _browser.SubmitAsync(_one.At("logout"), from: _one.Address);

        Assert.Equal(2, _api.ReceivedRefreshTokens.Count);
        Assert.Equal("orders of alice", (await other.FetchAsync(_two.At("orders"))).Text);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _browser.FetchAsync(_two.At("orders"))).Status);
        await Eventually.TrueAsync(() => _api.Blacklisted.Count == 1);
    }

    [Fact]
    public async Task An_ended_login_leads_each_tab_to_the_login_page_once_and_scripts_get_401()
    {
        await SignInAsync(_browser, "alice");
        _api.ExpireAccessTokens();
        _api.BlacklistAll();
        _browser.Visited.Clear();

        var tabs = await Task.WhenAll(_browser.GoAsync(_one.At("orders")), _browser.GoAsync(_one.At("open/orders")));
        var script = await _browser.FetchAsync(_one.At("orders"));

        Assert.All(tabs, tab => Assert.Equal(("the login page", "/login"), (tab.Text, tab.Address.AbsolutePath)));
        Assert.All(tabs, tab => Assert.Contains("ReturnUrl=%2F", tab.Address.Query, StringComparison.Ordinal));
        Assert.Equal(5, _browser.Visited.Count);
        Assert.Equal(HttpStatusCode.Unauthorized, script.Status);
        Assert.Single(_api.ReceivedRefreshTokens);
        await SignInAsync(_browser, "alice");
        Assert.Equal("orders of alice", (await _browser.GoAsync(_two.At("orders"))).Text);
    }

    [Fact]
    public async Task A_login_while_logged_in_signs_the_old_session_out()
    {
        await SignInAsync(_browser, "alice");
        var alices = _browser.Cookie(_one.Address, AppCookie);

        await SignInAsync(_browser, "bob");

        Assert.Equal("orders of bob", (await _browser.GoAsync(_two.At("orders"))).Text);
        await Eventually.TrueAsync(() => _api.Blacklisted.SequenceEqual(["refresh-alice-1"]));
        _browser.SetCookie(_one.Address, AppCookie, alices);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _browser.FetchAsync(_two.At("orders"))).Status);
    }

    [Fact]
    public async Task A_user_without_an_authentication_type_is_refused()
    {
        var page = await _browser.GoAsync(_one.At("anonymous"));

        Assert.Equal(HttpStatusCode.InternalServerError, page.Status);
        Assert.Contains(_one.Log.All, line => line.Contains("new ClaimsIdentity(claims, \"password\")", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_user_whom_the_app_signed_in_without_tokens_gets_no_redirect_loop()
    {
        await _browser.GoAsync(_one.At("plain-login"));

        var page = await _browser.GoAsync(_one.At("orders"));

        Assert.Equal((HttpStatusCode.InternalServerError, "/orders"), (page.Status, page.Address.AbsolutePath));
    }

    private static async Task<IResult> HandleFormAsync(HttpContext context, JwtApi api)
    {
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var user = form["user"].ToString();
        var session = await context.SignInWithTokensAsync("shop", Principal(user), api.SignIn(user), cancellationToken: context.RequestAborted);
        Assert.Equal(TokenSessionState.SignedIn, session.State);
        return Results.LocalRedirect("/orders");
    }

    private static ClaimsPrincipal Principal(string user) => new(new ClaimsIdentity([new Claim(ClaimTypes.Name, user)], "password"));

    private Task<Page> SignInAsync(Browser browser, string user) => browser.SubmitAsync(_one.At("login"), from: _one.Address, ("user", user));

    private Task<Node> StartNodeAsync()
    {
        var address = new Uri($"http://127.0.0.1:{TestKit.FreePort.Find()}/");
        var builder = Node.CreateBuilder(_setup, address);
        builder.Services.AddSingleton(_api);
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(options => options.LoginPath = "/login");
        builder.Services.AddUserTokenSession("shop", options =>
        {
            options.TokenEndpoint = new Uri(_api.Address, "api/token/refresh/");
            options.RevocationEndpoint = new Uri(_api.Address, "api/token/blacklist/");
            options.Protocol = TokenEndpointProtocol.SimpleJwt;
        }).UseFileStore(_directory).UseDataProtection();
        builder.Services.AddHttpClient("orders", client => client.BaseAddress = _api.Address).AddTokenRefreshHandler("shop");
        return Node.StartAsync(builder, _setup, address);
    }
}

using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.Testing;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>Cookies that are renewed or lost, requests that end early, and work that outlives its request.</summary>
public sealed class RequestLifetimeTests
{
    private const string AppCookie = ".AspNetCore.Cookies";

    [Fact]
    [Trait("Case", "W3")]
    public async Task A_renewed_cookie_leads_to_the_same_session_and_ends_with_it()
    {
        await using var provider = await Provider.StartAsync();
        var setup = new NodeSetup();
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        var old = browser.Cookie(node.Address, AppCookie);
        setup.Time.Advance(TimeSpan.FromDays(8));

        Assert.Equal("orders of alice", (await browser.GoAsync(node.At("orders"))).Text);

        var renewed = browser.Cookie(node.Address, AppCookie);
        Assert.NotEqual(old, renewed);
        Assert.Equal(1, provider.Logins);
        await browser.FetchAsync(node.At("logout"), HttpMethod.Post);
        foreach (var cookie in new[] { old, renewed })
        {
            browser.SetCookie(node.Address, AppCookie, cookie);
            Assert.Equal(HttpStatusCode.Unauthorized, (await browser.FetchAsync(node.At("orders"))).Status);
        }
    }

    [Fact]
    [Trait("Case", "W3")]
    public async Task A_principal_that_the_app_replaces_at_each_request_keeps_the_session()
    {
        await using var provider = await Provider.StartAsync();
        var setup = new NodeSetup
        {
            ConfigureServices = services => services.Configure<CookieAuthenticationOptions>(
                CookieAuthenticationDefaults.AuthenticationScheme,
                options => options.Events.OnValidatePrincipal = context =>
                {
                    context.ReplacePrincipal(new ClaimsPrincipal(new ClaimsIdentity([new Claim("sub", "alice")], "fresh")));
                    context.ShouldRenew = true;
                    return Task.CompletedTask;
                }),
        };
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();

        for (var request = 0; request < 3; request++)
        {
            Assert.Equal("orders of alice", (await browser.GoAsync(node.At("orders"))).Text);
        }

        await browser.FetchAsync(node.At("logout"), HttpMethod.Post);
        await Eventually.TrueAsync(() => provider.RevokedTokens.Count == 1);
        Assert.Equal(1, provider.Logins);
    }

    [Fact]
    [Trait("Case", "W4")]
    public async Task Tabs_that_log_in_at_once_are_signed_in_and_signed_out_together()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider);
        using var browser = new Browser();

        var tabs = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => browser.GoAsync(node.At("orders"))));

        Assert.All(tabs, tab => Assert.Equal("orders of alice", tab.Text));
        Assert.Equal("orders of alice", (await browser.FetchAsync(node.At("orders"))).Text);
        await browser.FetchAsync(node.At("logout"), HttpMethod.Post);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.FetchAsync(node.At("orders"))).Status);
    }

    [Fact]
    [Trait("Case", "W6")]
    public async Task A_lost_key_ring_costs_one_login()
    {
        await using var provider = await Provider.StartAsync();
        var directory = Directory.CreateTempSubdirectory("tokenrefresh-store-").FullName;
        using var browser = new Browser();
        browser.SetCookie(provider.Address, Provider.SessionCookie, "sid-1");
        for (var ring = 1; ring <= 2; ring++)
        {
            // Each setup has a key ring of its own.
            await using var node = await Node.StartAsync(
                provider, new NodeSetup { ConfigureSession = session => session.UseFileStore(directory).UseDataProtection() });
            Assert.Equal("orders of alice", (await browser.GoAsync(node.At("orders"))).Text);
            Assert.Equal("orders of alice", (await browser.FetchAsync(node.At("orders"))).Text);
            Assert.Equal(ring, provider.Logins);
        }
    }

    [Fact]
    [Trait("Case", "W8")]
    public async Task A_browser_that_leaves_during_a_refresh_leaves_the_new_tokens_to_the_next_request()
    {
        await using var provider = await Provider.StartAsync();
        var setup = new NodeSetup();
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        setup.Time.Advance(Provider.AccessTokenLifetime);
        var gate = new Gate();
        provider.BeforeRefresh = () => gate.PassAsync();
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, node.At("orders"));
        request.Headers.Add("Cookie", $"{AppCookie}={browser.Cookie(node.Address, AppCookie)}");
        using var leaving = new CancellationTokenSource();

        var answer = http.SendAsync(request, leaving.Token);
        await gate.ArrivedAsync(1);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        var next = browser.FetchAsync(node.At("orders"));
        gate.Open();

        Assert.Equal("orders of alice", (await next).Text);
        Assert.Single(provider.ReceivedRefreshTokens);
        Assert.Equal(1, provider.Logins);
    }

    [Fact]
    [Trait("Case", "W8")]
    public async Task A_sign_out_completes_although_the_browser_leaves_and_the_store_is_away()
    {
        await using var provider = await Provider.StartAsync();
        var store = new RemoteStore();
        var setup = new NodeSetup
        {
            ConfigureSession = session => session.UseStore(store).UseDataProtection(),
            Map = app => app.MapPost("/leave", (HttpContext context) =>
            {
                context.RequestAborted = new CancellationToken(canceled: true);
                return context.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
            }).RequireAuthorization(),
        };
        using var browser = new Browser();
        await using (var before = await Node.StartAsync(provider, setup))
        {
            await browser.GoAsync(before.At("orders"));
        }

        // This node has nothing in memory.
        await using var node = await Node.StartAsync(provider, setup);
        store.IsAway = true;
        await browser.FetchAsync(node.At("leave"), HttpMethod.Post);

        Assert.DoesNotContain(AppCookie, browser.CookieNames(node.Address));
    }

    [Fact]
    [Trait("Case", "W12")]
    public async Task Work_that_outlives_its_request_or_has_none_is_sent_without_a_token()
    {
        await using var provider = await Provider.StartAsync();
        var gate = new Gate();
        Task<HttpStatusCode>? late = null;
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            Map = app => app.MapPost("/start", (IHttpClientFactory clients) =>
            {
                late = LateAsync(clients, gate);
            }).RequireAuthorization(),
        });
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));

        Assert.Equal(HttpStatusCode.OK, (await browser.FetchAsync(node.At("start"), HttpMethod.Post)).Status);
        using var bobs = new Browser();
        bobs.SetCookie(provider.Address, Provider.UserCookie, "bob");
        await bobs.GoAsync(node.At("orders"));
        gate.Open();
        var background = await LateAsync(node.Services.GetRequiredService<IHttpClientFactory>(), gate);

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (await late!, background));
        Assert.Equal(["alice", "bob"], provider.ApiUsers);
        Assert.Equal(2, provider.Logins);
    }

    [Fact]
    [Trait("Case", "W15")]
    public async Task Behind_a_path_base_every_redirect_stays_below_it()
    {
        await using var provider = await Provider.StartAsync();
        var setup = new NodeSetup { ConfigureServices = services => services.AddSingleton<IStartupFilter>(new PathBase("/shop")) };
        await using var node = await Node.StartAsync(provider, setup);
        await provider.AllowAsync(node.At("shop/"));
        using var browser = new Browser();

        var first = await browser.GoAsync(node.At("shop/orders"));
        await provider.RevokeAsync("alice");
        setup.Time.Advance(Provider.AccessTokenLifetime);
        var again = await browser.GoAsync(node.At("shop/open/orders?page=2"));
        var signedOut = await browser.SubmitAsync(node.At("shop/logout?returnUrl=//evil.example"), from: node.Address);

        Assert.Equal((node.At("shop/orders"), "orders of alice"), (first.Address, first.Text));
        Assert.Equal((node.At("shop/open/orders?page=2"), "orders of alice"), (again.Address, again.Text));
        Assert.Equal((node.At("shop/"), "home"), (signedOut.Address, signedOut.Text));
    }

    private static async Task<HttpStatusCode> LateAsync(IHttpClientFactory clients, Gate gate)
    {
        await gate.PassAsync();
        using var response = await clients.CreateClient("orders").GetAsync("api/me", CancellationToken.None);
        return response.StatusCode;
    }

    private sealed class PathBase(string path) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.UsePathBase(path);
            next(app);
        };
    }
}

using System.Net;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.Testing;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>A response that renews an old cookie must not replace the cookie of a login that began while the request ran.</summary>
[Trait("Case", "W23")]
public sealed class RenewedCookieTests
{
    private const string AppCookie = ".AspNetCore.Cookies";
    private const string RunsAgain = "of a request that runs again in a new scope";
    private static readonly TimeSpan PastHalfOfItsLifetime = TimeSpan.FromDays(8);

    [Theory]
    [InlineData("memory", "sliding")]
    [InlineData("files", "sliding")]
    [InlineData("memory", "by the app")]
    [InlineData("memory", "by derived events")]
    [InlineData("memory", RunsAgain)]
    public async Task A_late_response_leaves_the_cookie_of_a_new_login(string store, string renewal)
    {
        await using var provider = await Provider.StartAsync();
        var gate = new Gate();
        var setup = CreateSetup(gate, store, renewal);
        await using var one = await Node.StartAsync(provider, setup);
        await using var two = store == "files" ? await Node.StartAsync(provider, setup) : null;
        using var browser = new Browser();
        await browser.GoAsync(one.At("orders"));
        setup.Time.Advance(PastHalfOfItsLifetime);

        var late = browser.FetchAsync(one.At("late"));
        await gate.ArrivedAsync(1);
        browser.SetCookie(provider.Address, Provider.UserCookie, "bob");
        await browser.GoAsync((two ?? one).At("login"));
        var bobs = browser.Cookie(one.Address, AppCookie);
        gate.Open();

        Assert.Equal("late", (await late).Text);
        Assert.Equal(bobs, browser.Cookie(one.Address, AppCookie));
        Assert.Equal("orders of bob", (await browser.FetchAsync((two ?? one).At("orders"))).Text);
        Assert.Equal(2, provider.Logins);
    }

    [Fact]
    public async Task A_cookie_that_is_rejected_is_not_renewed()
    {
        await using var provider = await Provider.StartAsync();
        var setup = CreateSetup(new Gate());
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        var ended = browser.Cookie(node.Address, AppCookie);
        await browser.FetchAsync(node.At("logout"), HttpMethod.Post);
        browser.SetCookie(node.Address, AppCookie, ended);
        setup.Time.Advance(PastHalfOfItsLifetime);

        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.FetchAsync(node.At("orders"))).Status);

        Assert.Equal(ended, browser.Cookie(node.Address, AppCookie));
    }

    [Fact]
    public async Task A_sign_out_in_a_request_that_is_due_for_renewal_deletes_the_cookie_without_another_look_into_the_store()
    {
        await using var provider = await Provider.StartAsync();
        var store = new RemoteStore();
        var reads = 0;
        var setup = new NodeSetup
        {
            ConfigureSession = session => session.UseStore(store).UseDataProtection(),
            ConfigurePipeline = RunAgain,
            Map = app =>
            {
                app.MapGet("/late", () => Results.NotFound()).RequireAuthorization();
                app.MapGet("/again", async (HttpContext context) =>
                {
                    await context.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
                    reads = store.ReadsOfTokens;
                });
            },
        };
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        setup.Time.Advance(PastHalfOfItsLifetime);

        await browser.FetchAsync(node.At("late"));

        Assert.Equal(reads, store.ReadsOfTokens);
        Assert.DoesNotContain(AppCookie, browser.CookieNames(node.Address));
    }

    [Fact]
    public async Task A_store_that_is_down_delays_the_renewal_and_is_read_once_in_ten_seconds()
    {
        await using var provider = await Provider.StartAsync();
        var store = new RemoteStore();
        var setup = new NodeSetup { ConfigureSession = session => session.UseStore(store).UseDataProtection() };
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        var old = browser.Cookie(node.Address, AppCookie);
        setup.Time.Advance(PastHalfOfItsLifetime);
        store.IsAway = true;
        var reads = store.ReadsOfTokens;

        for (var request = 0; request < 2; request++)
        {
            Assert.Equal(HttpStatusCode.OK, (await browser.FetchAsync(node.At("user"))).Status);
            Assert.Equal(old, browser.Cookie(node.Address, AppCookie));
            setup.Time.Advance(TimeSpan.FromSeconds(6));
        }

        // The second response came within the pause.
        Assert.Equal(reads + 1, store.ReadsOfTokens);
        store.IsAway = false;
        Assert.Equal(HttpStatusCode.OK, (await browser.FetchAsync(node.At("user"))).Status);
        Assert.NotEqual(old, browser.Cookie(node.Address, AppCookie));
    }

    private static NodeSetup CreateSetup(Gate gate, string store = "memory", string renewal = "sliding")
    {
        var directory = Directory.CreateTempSubdirectory("tokenrefresh-store-").FullName;
        return new NodeSetup
        {
            ConfigureSession = store == "files" ? session => session.UseFileStore(directory).UseDataProtection() : _ => { },
            ConfigureServices = services => services.AddScoped<TokenRefreshCookieEvents>()
                .Configure<CookieAuthenticationOptions>(CookieAuthenticationDefaults.AuthenticationScheme, options => Renew(options, renewal)),
            ConfigurePipeline = renewal == RunsAgain ? RunAgain : _ => { },
            Map = app =>
            {
                app.MapGet("/again", () => "late");
                app.MapGet("/login", () => Results.Challenge(new AuthenticationProperties { RedirectUri = "/" }));
                app.MapGet("/late", async () =>
                {
                    await gate.PassAsync();
                    return renewal == RunsAgain ? Results.NotFound() : Results.Text("late");
                }).RequireAuthorization();
            },
        };
    }

    // The cookie is read once in each scope.
    private static void RunAgain(IApplicationBuilder app) =>
        app.UseStatusCodePagesWithReExecute("/again", createScopeForStatusCodePages: true).UseAuthentication().UseAuthorization();

    private static void Renew(CookieAuthenticationOptions options, string renewal)
    {
        switch (renewal)
        {
            case "by derived events":
                options.EventsType = typeof(TokenRefreshCookieEvents);
                break;
            case "by the app":
                options.SlidingExpiration = false;
                options.Events.OnValidatePrincipal = context =>
                {
                    context.ShouldRenew = true;
                    return Task.CompletedTask;
                };
                break;
        }
    }
}

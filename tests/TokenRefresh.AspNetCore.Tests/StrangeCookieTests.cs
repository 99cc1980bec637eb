using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>Cookies that the app didn't write, or wrote in pieces.</summary>
[Trait("Case", "W3")]
public sealed class StrangeCookieTests
{
    private const string AppCookie = ".AspNetCore.Cookies";

    [Theory]
    [InlineData("no ticket")]
    [InlineData("chunks-2")]
    [InlineData("chunks-2147483647")]
    [InlineData("changed")]
    [InlineData("of another key ring")]
    [InlineData("with a key of another version")]
    public async Task A_cookie_that_leads_to_no_session_costs_one_login(string kind)
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider);
        await using var foreign = await Node.StartAsync(provider, new NodeSetup());
        using var browser = new Browser();
        await browser.GoAsync((kind == "of another key ring" ? foreign : node).At("orders"));
        var cookie = browser.Cookie(node.Address, AppCookie)!;
        browser.SetCookie(node.Address, AppCookie, kind switch
        {
            "no ticket" => "x",
            "changed" => cookie[..^5] + (cookie.EndsWith("AAAAA", StringComparison.Ordinal) ? "BBBBB" : "AAAAA"),
            "of another key ring" => cookie,
            "with a key of another version" => ProtectStrangeKey(node.Services),
            _ => kind,
        });

        var script = await browser.FetchAsync(node.At("orders"));
        var page = await browser.GoAsync(node.At("orders"));

        Assert.Equal(HttpStatusCode.Unauthorized, script.Status);
        Assert.Equal("orders of alice", page.Text);
        Assert.Equal(2, provider.Logins);
    }

    [Fact]
    public async Task A_cookie_in_pieces_is_renewed_and_deleted_as_a_whole()
    {
        await using var provider = await Provider.StartAsync();
        var setup = new NodeSetup
        {
            ConfigureServices = services => services.Configure<CookieAuthenticationOptions>(
                CookieAuthenticationDefaults.AuthenticationScheme,
                options => options.Events.OnSigningIn = context =>
                {
                    ((ClaimsIdentity)context.Principal!.Identity!).AddClaim(new Claim("long", new string('x', 9000)));
                    return Task.CompletedTask;
                }),
        };
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        Assert.InRange(browser.CookieNames(node.Address).Count(), 3, 6);
        setup.Time.Advance(TimeSpan.FromDays(8));

        Assert.Equal("orders of alice", (await browser.GoAsync(node.At("orders"))).Text);
        Assert.Equal("orders of alice", (await browser.FetchAsync(node.At("orders"))).Text);
        await browser.FetchAsync(node.At("logout"), HttpMethod.Post);

        Assert.Empty(browser.CookieNames(node.Address));
        Assert.Equal(1, provider.Logins);
    }

    private static string ProtectStrangeKey(IServiceProvider services)
    {
        var claims = new[] { new Claim("TokenRefresh/shop", "a.b.c.99999999999999999999.d.e", ClaimValueTypes.String, "TokenRefresh") };
        return services.GetRequiredService<IOptionsMonitor<CookieAuthenticationOptions>>().Get(CookieAuthenticationDefaults.AuthenticationScheme)
            .TicketDataFormat.Protect(new AuthenticationTicket(
                new ClaimsPrincipal(new ClaimsIdentity(claims, "old")), CookieAuthenticationDefaults.AuthenticationScheme));
    }
}

using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>What a request of a signed-in user gets.</summary>
public sealed class RequestTests
{
    private const string AppCookie = ".AspNetCore.Cookies";

    [Fact]
    [Trait("Case", "W2")]
    public async Task An_ended_login_costs_each_tab_one_redirect_and_scripts_get_401()
    {
        await using var provider = await Provider.StartAsync();
        var setup = new NodeSetup();
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        await provider.RevokeAsync("alice");
        setup.Time.Advance(Provider.AccessTokenLifetime);

        var fetches = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => browser.FetchAsync(node.At("open/orders"))));
        var tabs = await Task.WhenAll(browser.GoAsync(node.At("open/orders")), browser.GoAsync(node.At("orders")));

        Assert.All(fetches, fetch => Assert.Equal(HttpStatusCode.Unauthorized, fetch.Status));
        Assert.All(tabs, tab => Assert.Equal("orders of alice", tab.Text));
        Assert.Equal(3, provider.Logins);
        Assert.Single(provider.ReceivedRefreshTokens);
    }

    [Theory]
    [Trait("Case", "W17")]
    [InlineData("orders")]
    [InlineData("open/orders")]
    public async Task A_script_gets_a_401_with_json_where_the_login_has_ended(string path)
    {
        await using var provider = await Provider.StartAsync();
        var setup = new NodeSetup();
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        await provider.RevokeAsync("alice");
        setup.Time.Advance(Provider.AccessTokenLifetime);

        // The first one finds out, the second one meets a cookie whose login is known to have ended.
        var first = await browser.FetchAsync(node.At(path));
        var second = await browser.FetchAsync(node.At(path));

        Assert.DoesNotContain(browser.CookieNames(node.Address), name => name.Contains("Nonce", StringComparison.Ordinal) || name.Contains("Correlation", StringComparison.Ordinal));
        Assert.All([first, second], answer =>
        {
            Assert.Equal((HttpStatusCode.Unauthorized, "application/problem+json"), (answer.Status, answer.MediaType));
            Assert.Contains("login_required", answer.Text, StringComparison.Ordinal);
        });
        Assert.Contains(AppCookie, browser.CookieNames(node.Address));
    }

    [Fact]
    [Trait("Case", "W19")]
    public async Task A_provider_that_is_down_gives_a_page_503_and_signs_no_user_out()
    {
        await using var provider = await Provider.StartAsync();
        var setup = new NodeSetup();
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        setup.Time.Advance(Provider.AccessTokenLifetime);
        provider.IsDown = true;

        var page = await browser.GoAsync(node.At("orders"));

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "7"), (page.Status, page.RetryAfter));
        Assert.Contains(AppCookie, browser.CookieNames(node.Address));
        provider.IsDown = false;
        setup.Time.Advance(TimeSpan.FromSeconds(8));
        Assert.Equal("orders of alice", (await browser.GoAsync(node.At("orders"))).Text);
        Assert.Equal(1, provider.Logins);
    }

    [Theory]
    [Trait("Case", "W20")]
    [InlineData("orders")]
    [InlineData("open/orders")]
    public async Task An_api_that_accepts_no_token_gives_a_401_page_that_says_why_and_no_loop(string path)
    {
        await using var provider = await Provider.StartAsync();
        provider.ApiRejectsAll = true;
        await using var node = await Node.StartAsync(provider);
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));

        for (var reload = 0; reload < 3; reload++)
        {
            var page = await browser.GoAsync(node.At(path));
            Assert.Equal(HttpStatusCode.Unauthorized, page.Status);
            Assert.Contains("audience", page.Text, StringComparison.Ordinal);
        }

        Assert.Equal(1, provider.Logins);
        Assert.InRange(provider.ReceivedRefreshTokens.Count, 0, 1);
        Assert.Contains(node.Log.Own, line => line.StartsWith("Error", StringComparison.Ordinal) && line.Contains("audience", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Case", "W5")]
    public async Task A_store_that_is_down_signs_no_user_out()
    {
        await using var provider = await Provider.StartAsync();
        var store = new RemoteStore();
        var setup = new NodeSetup { ConfigureSession = session => session.UseStore(store).UseDataProtection() };
        using var browser = new Browser();
        await using (var node = await Node.StartAsync(provider, setup))
        {
            await browser.GoAsync(node.At("orders"));
            store.IsAway = true;

            Assert.Equal("orders of alice", (await browser.GoAsync(node.At("orders"))).Text);
        }

        // After a restart the tokens can't be read, but the cookie is as good as it was.
        await using var restarted = await Node.StartAsync(provider, setup);
        Assert.Equal(HttpStatusCode.OK, (await browser.FetchAsync(restarted.At("user"))).Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await browser.GoAsync(restarted.At("orders"))).Status);
        Assert.Contains(AppCookie, browser.CookieNames(restarted.Address));
        store.IsAway = false;
        setup.Time.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal("orders of alice", (await browser.GoAsync(restarted.At("orders"))).Text);
        Assert.Equal(1, provider.Logins);
    }

    [Fact]
    [Trait("Case", "W6")]
    public async Task A_restart_with_tokens_in_memory_only_costs_one_login_and_the_log_says_why()
    {
        await using var provider = await Provider.StartAsync();
        var setup = new NodeSetup();
        using var browser = new Browser();
        await using (var node = await Node.StartAsync(provider, setup))
        {
            await browser.GoAsync(node.At("orders"));
        }

        await using var restarted = await Node.StartAsync(provider, setup);
        Assert.Equal("orders of alice", (await browser.GoAsync(restarted.At("orders"))).Text);

        Assert.Equal(2, provider.Logins);
        Assert.Contains(setup.Log.Own, line => line.Contains("memory only", StringComparison.Ordinal) && line.Contains("must sign in again", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Case", "W6")]
    public async Task A_restart_with_a_store_costs_no_login_and_no_refresh()
    {
        await using var provider = await Provider.StartAsync();
        var directory = Directory.CreateTempSubdirectory("tokenrefresh-store-").FullName;
        var setup = new NodeSetup { ConfigureSession = session => session.UseFileStore(directory).UseDataProtection() };
        using var browser = new Browser();
        await using (var node = await Node.StartAsync(provider, setup))
        {
            await browser.GoAsync(node.At("orders"));
        }

        await using var restarted = await Node.StartAsync(provider, setup);
        Assert.Equal("orders of alice", (await browser.GoAsync(restarted.At("orders"))).Text);

        Assert.Equal(1, provider.Logins);
        Assert.Empty(provider.ReceivedRefreshTokens);
    }

    [Fact]
    [Trait("Case", "W6")]
    public async Task A_page_after_a_restart_refreshes_nothing_by_itself()
    {
        await using var provider = await Provider.StartAsync();
        var directory = Directory.CreateTempSubdirectory("tokenrefresh-store-").FullName;
        var setup = new NodeSetup { ConfigureSession = session => session.UseFileStore(directory).UseDataProtection() };
        using var browser = new Browser();
        await using (var node = await Node.StartAsync(provider, setup))
        {
            await browser.GoAsync(node.At("orders"));
        }

        setup.Time.Advance(Provider.AccessTokenLifetime);
        await using var restarted = await Node.StartAsync(provider, setup);

        Assert.Equal(HttpStatusCode.OK, (await browser.FetchAsync(restarted.At("user"))).Status);
        Assert.Empty(provider.ReceivedRefreshTokens);
        Assert.Equal("orders of alice", (await browser.GoAsync(restarted.At("orders"))).Text);
        Assert.Single(provider.ReceivedRefreshTokens);
    }

    [Fact]
    [Trait("Case", "W7")]
    public async Task A_cookie_that_expires_before_its_session_costs_one_login()
    {
        await using var provider = await Provider.StartAsync();
        var setup = new NodeSetup();
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        browser.SetCookie(provider.Address, Provider.SessionCookie, "sid-1");
        await browser.GoAsync(node.At("orders"));
        setup.Time.Advance(TimeSpan.FromDays(15));

        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.FetchAsync(node.At("user"))).Status);
        Assert.Equal("orders of alice", (await browser.GoAsync(node.At("orders"))).Text);
        Assert.Equal("orders of alice", (await browser.GoAsync(node.At("orders"))).Text);

        Assert.Equal(2, provider.Logins);
        Assert.Empty(provider.ReceivedRefreshTokens);
    }

    [Fact]
    public async Task The_session_of_the_user_is_bound_into_an_endpoint()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            Map = app => app.MapGet("/bound", async (HttpContext context, [FromKeyedServices("shop")] TokenSession session) =>
                $"{session == context.GetTokenSession("shop")} {await session.GetAccessTokenAsync(context.RequestAborted) is not null}").RequireAuthorization(),
        });
        using var browser = new Browser();

        Assert.Equal("True True", (await browser.GoAsync(node.At("bound"))).Text);
        Assert.Equal("orders of alice", (await browser.GoAsync(node.At("orders"))).Text);
    }

    [Fact]
    public async Task The_user_endpoint_gives_claims_and_no_key()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider);
        using var browser = new Browser();

        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.FetchAsync(node.At("user"))).Status);
        await browser.GoAsync(node.At("orders"));
        var user = await browser.FetchAsync(node.At("user"));

        Assert.Contains("alice", user.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("TokenRefresh", user.Text, StringComparison.Ordinal);
    }
}

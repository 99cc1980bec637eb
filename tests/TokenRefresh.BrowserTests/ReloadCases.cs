using System.Globalization;
using Microsoft.Playwright;
using TokenRefresh.ServerTests;
using TokenRefresh.TestKit;
using TokenRefresh.Testing;

namespace TokenRefresh.BrowserTests;

/// <summary>A user at a browser reloads the pages of the sample app as fast as possible, with a real token server.</summary>
[Trait("Case", "C4")]
public sealed class ReloadCases(Chromium chromium)
{
    // Two seconds, and both servers round the end down to a whole one.
    private static readonly TimeSpan ShortestLife = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData("openiddict")]
    [InlineData("simple jwt, strict")]
    public async Task Fast_reloads_across_expiries_sign_no_user_out(string name)
    {
        await using var server = await RealServer.StartAsync(name);
        await using var app = await BffInstance.StartAsync(server);
        await using var browser = await chromium.OpenAsync();
        var tab = await browser.OpenAsync();
        await tab.SignInAsync(app.Address);

        await ReloadUntilAsync(server, refreshes: 3, tab);

        await AssertOneLoginAsync(server, tab);
    }

    [Fact]
    public async Task Two_tabs_are_one_login()
    {
        await using var server = await RealServer.StartAsync("openiddict");
        await using var app = await BffInstance.StartAsync(server);
        await using var browser = await chromium.OpenAsync();
        var first = await browser.OpenAsync();
        await first.SignInAsync(app.Address);
        var second = await browser.OpenAsync();
        await second.Page.GotoAsync(app.Address.ToString());

        await ReloadUntilAsync(server, refreshes: 3, first, second);

        await AssertOneLoginAsync(server, first, second);
    }

    [Fact]
    public async Task Two_instances_on_one_Redis_behave_as_one()
    {
        Machine.MustHave(RedisServer.Missing);
        using var redis = new RedisServer();
        await redis.StartAsync();
        await using var server = await RealServer.StartAsync("simple jwt, family");
        await using var one = await BffInstance.StartAsync(server, redis);
        await using var two = await BffInstance.StartAsync(server, redis);
        await using var browser = await chromium.OpenAsync();
        var first = await browser.OpenAsync();
        await first.SignInAsync(one.Address);

        // A browser's cookies know no ports: the cookie of one instance is the other's.
        var second = await browser.OpenAsync();
        await second.Page.GotoAsync(two.Address.ToString());
        await ReloadUntilAsync(server, refreshes: 3, first, second);

        await AssertOneLoginAsync(server, first, second);
    }

    [Fact]
    [Trait("Case", "C2")]
    public async Task A_revoked_login_is_sent_to_the_login_page_once_and_comes_back_in()
    {
        await using var server = await RealServer.StartAsync("openiddict");
        await using var app = await BffInstance.StartAsync(server);
        await using var browser = await chromium.OpenAsync();
        var first = await browser.OpenAsync();
        await first.SignInAsync(app.Address);
        var second = await browser.OpenAsync();
        await second.Page.GotoAsync(app.Address.ToString());

        // Just after a refresh, so that none is under way: its tokens might outlive the revocation.
        await CountUntilAsync(server, counts => counts.Refreshes > 0);
        await CountSettledAsync(server);
        await server.RevokeAsync();

        // The pages stay open. Their own calls find that the login has ended, without any input.
        await Task.WhenAll(new[] { first, second }.Select(tab => tab.Page.WaitForURLAsync("**/login**")));

        Assert.Equal((2, 1), (first.LoginPages, second.LoginPages));
        var counts = await server.CountAsync();
        Assert.Equal(1, counts.Refreshes - counts.RefreshesGranted);

        await first.SubmitAsync();
        await second.Page.GotoAsync(app.Address.ToString());
        Assert.Equal("alice", await second.Page.TextContentAsync("#user"));
        await first.Page.ReloadAsync();
        Assert.Equal((2, 1), (first.LoginPages, second.LoginPages));
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example/")]
    public async Task A_link_to_the_login_page_leads_to_no_other_site(string target)
    {
        await using var server = await RealServer.StartAsync("openiddict");
        await using var app = await BffInstance.StartAsync(server);
        await using var browser = await chromium.OpenAsync();
        var tab = await browser.OpenAsync();

        await tab.SignInAsync(new Uri(app.Address, "login?returnUrl=" + target));

        Assert.Equal(app.Address, new Uri(tab.Page.Url));
    }

    [Fact]
    public async Task The_page_shows_the_counts_as_they_change()
    {
        await using var server = await RealServer.StartAsync("openiddict");
        await using var app = await BffInstance.StartAsync(server);
        await using var browser = await chromium.OpenAsync();
        var tab = await browser.OpenAsync();
        await tab.SignInAsync(app.Address);

        await tab.Page.WaitForFunctionAsync("Number(document.getElementById('refreshes').textContent) >= 2");

        var shown = int.Parse((await tab.Page.TextContentAsync("#refreshes"))!, CultureInfo.InvariantCulture);
        Assert.InRange((await server.CountAsync()).Refreshes, shown, shown + 1);
    }

    [Fact]
    public async Task The_browser_has_a_cookie_that_no_script_can_read_and_no_token()
    {
        await using var server = await RealServer.StartAsync("openiddict");
        await using var app = await BffInstance.StartAsync(server);
        await using var browser = await chromium.OpenAsync();
        var tab = await browser.OpenAsync();
        await tab.SignInAsync(app.Address);

        var cookie = Assert.Single(await browser.Context.CookiesAsync());
        Assert.True(cookie.HttpOnly);
        Assert.Equal(SameSiteAttribute.Lax, cookie.SameSite);
        Assert.DoesNotContain("eyJ", cookie.Value, StringComparison.Ordinal);
        Assert.DoesNotContain("eyJ", await tab.Page.ContentAsync(), StringComparison.Ordinal);
        Assert.Equal("", await tab.Page.EvaluateAsync<string>("document.cookie"));
    }

    /// <summary>Clicks the page's own button in each tab, which reloads it for some seconds, until so many refreshes were seen.</summary>
    private static async Task ReloadUntilAsync(RealServer server, int refreshes, params Tab[] tabs)
    {
        var start = TimeProvider.System.GetTimestamp();
        RealServer.Counts counts;
        do
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Gate.FailSafe, "The reloads make no refreshes.");
            await Task.WhenAll(tabs.Select(tab => tab.Page.ClickAsync("#reload")));
            await Task.WhenAll(tabs.Select(tab => tab.Page.WaitForSelectorAsync("#reload:enabled")));
            counts = await server.CountAsync();
        }
        while (counts.Refreshes < refreshes);
    }

    /// <summary>What the server received, once it has granted every refresh that it was asked for.</summary>
    private static Task<RealServer.Counts> CountSettledAsync(RealServer server) =>
        CountUntilAsync(server, counts => counts.Refreshes == counts.RefreshesGranted);

    private static async Task<RealServer.Counts> CountUntilAsync(RealServer server, Predicate<RealServer.Counts> isReached)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var counts = await server.CountAsync();
            if (isReached(counts))
            {
                return counts;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(start) < Gate.FailSafe, $"It never came to be: {counts}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    private static async Task AssertOneLoginAsync(RealServer server, params Tab[] tabs)
    {
        var counts = await CountSettledAsync(server);
        TestContext.Current.TestOutputHelper?.WriteLine($"{tabs.Sum(tab => tab.Shown.Length)} pages, {counts}");
        Assert.Equal((0, 1), (counts.PresentedTwice, counts.RefreshPeak));

        // One refresh for each expiry: a token is refreshed in the last quarter of its lifetime, never before.
        Assert.True(counts.ShortestGap > ShortestLife * 0.75, $"A refresh came {counts.ShortestGap.TotalSeconds:0.00} s after the one before.");

        // The first tab signed in, and no tab was sent to the login page again.
        Assert.Equal(1, tabs.Sum(tab => tab.LoginPages));
        Assert.Empty(tabs.SelectMany(tab => tab.Failed));
        foreach (var tab in tabs)
        {
            Assert.Equal("alice", await tab.Page.TextContentAsync("#user"));
        }
    }
}

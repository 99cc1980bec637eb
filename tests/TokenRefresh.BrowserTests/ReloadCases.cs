using System;
using System.Globalization;
using System.Linq;
using System.Threading.Tasks;
using Microsoft.Playwright;
using TokenRefresh.Samples.Servers;
using TokenRefresh.TestKit;
using Xunit;

namespace TokenRefresh.BrowserTests;

/// <summary>A person at a browser, reloading as fast as he can, in front of the sample app and a real token server.</summary>
[Trait("Case", "C4")]
public sealed class ReloadCases
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Fast_reloads_across_expiries_sign_nobody_out()
    {
        await using var browser = await Chromium.StartAsync();
        await using var server = await StartServerAsync();
        await using var app = await BffInstance.StartAsync(server);
        var tab = await browser.OpenAsync();
        await tab.SignInAsync(app.Address);

        await ReloadUntilAsync(server, refreshes: 4, tab);

        AssertNobodySignedOut(server, tab);
        Assert.Equal("alice", await tab.Page.TextContentAsync("#user"));
    }

    [Fact]
    public async Task Two_tabs_are_one_login()
    {
        await using var browser = await Chromium.StartAsync();
        await using var server = await StartServerAsync();
        await using var app = await BffInstance.StartAsync(server);
        var first = await browser.OpenAsync();
        await first.SignInAsync(app.Address);
        var second = await browser.OpenAsync();
        await second.Page.GotoAsync(app.Address.ToString());

        await ReloadUntilAsync(server, refreshes: 4, first, second);

        AssertNobodySignedOut(server, first);
        Assert.DoesNotContain("/login", second.Shown);
    }

    [Fact]
    public async Task Two_instances_on_one_Redis_behave_as_one()
    {
        if (RedisServer.Missing is { } missing)
        {
            Assert.SkipWhen(Environment.GetEnvironmentVariable("TOKENREFRESH_REQUIRE_SERVERS") != "1", missing);
            Assert.Fail(missing);
        }

        await using var browser = await Chromium.StartAsync();
        using var redis = new RedisServer();
        await redis.StartAsync();
        await using var server = await StartServerAsync();
        await using var one = await BffInstance.StartAsync(server, redis);
        await using var two = await BffInstance.StartAsync(server, redis);
        var first = await browser.OpenAsync();
        await first.SignInAsync(one.Address);

        // A browser's cookies know no ports: the cookie of one instance is the other's.
        var second = await browser.OpenAsync();
        await second.Page.GotoAsync(two.Address.ToString());
        Assert.Equal("alice", await second.Page.TextContentAsync("#user"));
        await ReloadUntilAsync(server, refreshes: 4, first, second);

        AssertNobodySignedOut(server, first);
        Assert.DoesNotContain("/login", second.Shown);
    }

    [Fact]
    [Trait("Case", "C2")]
    public async Task A_revoked_login_is_sent_to_the_login_page_once_and_comes_back_in()
    {
        await using var browser = await Chromium.StartAsync();
        await using var server = await StartServerAsync();
        await using var app = await BffInstance.StartAsync(server);
        var tab = await browser.OpenAsync();
        await tab.SignInAsync(app.Address);
        var before = tab.Shown.Count(path => path == "/login");

        // The page is left open: its own calls find out, and nobody touches the keyboard.
        await server.RevokeAsync();
        server.Counters.Reset();
        await tab.Page.EvaluateAsync("setInterval(call, 200)");
        await tab.Page.WaitForURLAsync("**/login**");
        await tab.Page.WaitForLoadStateAsync();

        Assert.Equal(1, tab.Shown.Count(path => path == "/login") - before);
        Assert.Equal(1, server.Counters.Refreshes);
        await tab.SubmitAsync();
        await tab.Page.ReloadAsync();
        Assert.Equal("alice", await tab.Page.TextContentAsync("#user"));
        Assert.Equal(1, tab.Shown.Count(path => path == "/login") - before);
    }

    [Fact]
    public async Task The_page_shows_the_counts_as_they_change()
    {
        await using var browser = await Chromium.StartAsync();
        await using var server = await StartServerAsync();
        await using var app = await BffInstance.StartAsync(server);
        var tab = await browser.OpenAsync();
        await tab.SignInAsync(app.Address);

        await tab.Page.EvaluateAsync("setInterval(call, 100)");
        await tab.Page.WaitForFunctionAsync("Number(document.getElementById('refreshes').textContent) >= 2");

        var shown = int.Parse((await tab.Page.TextContentAsync("#refreshes"))!, CultureInfo.InvariantCulture);
        Assert.InRange(server.Counters.Refreshes, shown, shown + 1);
    }

    private static Task<OAuthServer> StartServerAsync() => OAuthServer.StartAsync(new OAuthServerOptions { AccessTokenLifetime = Lifetime });

    /// <summary>Presses the page's own button in each tab, which reloads it as soon as anything has answered, until so many refreshes were seen.</summary>
    private static async Task ReloadUntilAsync(OAuthServer server, int refreshes, params Tab[] tabs)
    {
        await Task.WhenAll(tabs.Select(tab => tab.Page.ClickAsync("#reload")));
        var start = TimeProvider.System.GetTimestamp();
        while (server.Counters.Refreshes < refreshes)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Gate.FailSafe, "No expiry was met.");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }

        await Task.WhenAll(tabs.Select(StopReloadingAsync));
    }

    private static async Task StopReloadingAsync(Tab tab)
    {
        while (true)
        {
            try
            {
                await tab.Page.EvaluateAsync("sessionStorage.removeItem('reloading')");
                await tab.Page.WaitForLoadStateAsync(LoadState.Load);
                await tab.Page.WaitForSelectorAsync("#user");
                return;
            }
            catch (PlaywrightException)
            {
                // The page went away under the script: the next one is asked.
            }
        }
    }

    private static void AssertNobodySignedOut(OAuthServer server, Tab tab)
    {
        var counters = server.Counters;
        TestContext.Current.TestOutputHelper?.WriteLine($"{tab.Shown.Length} pages in the first tab, {counters.Api200} API calls, {counters.Refreshes} refreshes");
        Assert.Equal(0, counters.PresentedTwice);
        Assert.Equal(1, counters.RefreshPeak);
        Assert.Equal(counters.Refreshes, counters.RefreshesGranted);

        // Once to sign in, and never again.
        Assert.Single(tab.Shown, path => path == "/login");
    }
}

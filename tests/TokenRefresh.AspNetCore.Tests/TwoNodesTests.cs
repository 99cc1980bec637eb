using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;
using TokenRefresh.Testing;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>Two nodes of one app, with a store that both share.</summary>
public abstract class TwoNodesTests
{
    private const string AppCookie = ".AspNetCore.Cookies";

    /// <summary>Sets the shared store of the two nodes up.</summary>
    protected abstract Action<TokenSessionBuilder> CreateStore();

    /// <summary>Lets the other node notice a change, if the store doesn't notify it.</summary>
    protected virtual Task NoticeAsync(object setup) => Task.CompletedTask;

    [Fact]
    [Trait("Case", "W1")]
    public async Task Six_tabs_that_reload_at_the_expiry_on_two_nodes_cost_one_refresh_and_no_redirect()
    {
        await using var provider = await Provider.StartAsync();
        var setup = new NodeSetup { ConfigureSession = CreateStore() };
        await using var one = await Node.StartAsync(provider, setup);
        await using var two = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        await browser.GoAsync(one.At("orders"));
        await browser.GoAsync(two.At("orders"));
        setup.Time.Advance(Provider.AccessTokenLifetime);
        browser.Visited.Clear();

        var tabs = await Task.WhenAll(Enumerable.Range(0, 6).Select(tab => browser.GoAsync((tab % 2 == 0 ? one : two).At("orders"))));

        Assert.All(tabs, tab => Assert.Equal((HttpStatusCode.OK, "orders of alice"), (tab.Status, tab.Text)));
        Assert.Equal(6, browser.Visited.Count);
        Assert.Single(provider.ReceivedRefreshTokens);
        Assert.Equal(1, provider.Logins);
    }

    [Fact]
    [Trait("Case", "W8")]
    public async Task A_sign_out_on_another_node_during_a_refresh_is_final()
    {
        await using var provider = await Provider.StartAsync();
        var setup = new NodeSetup { ConfigureSession = CreateStore() };
        await using var one = await Node.StartAsync(provider, setup);
        await using var two = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        await browser.GoAsync(one.At("orders"));
        await browser.FetchAsync(two.At("user"));
        var cookie = browser.Cookie(one.Address, AppCookie);
        setup.Time.Advance(Provider.AccessTokenLifetime);
        var gate = new Gate();
        provider.BeforeRefresh = () => gate.PassAsync();

        var page = browser.FetchAsync(one.At("orders"));
        await gate.ArrivedAsync(1);
        await browser.FetchAsync(two.At("logout"), HttpMethod.Post);
        gate.Open();
        await page;

        provider.BeforeRefresh = null;
        setup.Time.Advance(TimeSpan.FromSeconds(2));
        browser.SetCookie(one.Address, AppCookie, cookie);
        foreach (var node in new[] { one, two })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await browser.FetchAsync(node.At("orders"))).Status);
        }

        Assert.Single(provider.ReceivedRefreshTokens);
    }

    [Fact]
    [Trait("Case", "W4")]
    public async Task A_login_on_one_node_counts_on_the_other_although_that_one_knew_the_login_as_ended()
    {
        await using var provider = await Provider.StartAsync();
        var setup = new NodeSetup { ConfigureSession = CreateStore() };
        await using var one = await Node.StartAsync(provider, setup);
        await using var two = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        browser.SetCookie(provider.Address, Provider.SessionCookie, "sid-1");
        await browser.GoAsync(one.At("orders"));
        await browser.GoAsync(two.At("orders"));
        await provider.RevokeAsync("alice");
        setup.Time.Advance(Provider.AccessTokenLifetime);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.FetchAsync(two.At("orders"))).Status);

        Assert.Equal("orders of alice", (await browser.GoAsync(one.At("orders"))).Text);
        setup.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("orders of alice", (await browser.FetchAsync(two.At("orders"))).Text);
    }

    [Theory]
    [InlineData("alice", null)]
    [InlineData(null, "sid-1")]
    [InlineData("alice", "sid-1")]
    public async Task A_logout_at_the_provider_that_one_node_hears_of_counts_on_the_other(string? subject, string? sessionId)
    {
        await using var provider = await Provider.StartAsync();
        var setup = new NodeSetup { ConfigureSession = CreateStore() };
        await using var one = await Node.StartAsync(provider, setup);
        await using var two = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        browser.SetCookie(provider.Address, Provider.SessionCookie, "sid-1");
        await browser.GoAsync(one.At("orders"));
        Assert.Equal("orders of alice", (await browser.FetchAsync(two.At("orders"))).Text);
        var token = LogoutTokens.Sign(LogoutTokens.Claims(provider, subject, sessionId));

        using var http = new HttpClient();
        using var first = await http.PostAsync(one.At("backchannel-logout"), new FormUrlEncodedContent([KeyValuePair.Create("logout_token", token)]));
        using var replayed = await http.PostAsync(two.At("backchannel-logout"), new FormUrlEncodedContent([KeyValuePair.Create("logout_token", token)]));
        await NoticeAsync(setup);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.BadRequest), (first.StatusCode, replayed.StatusCode));
        await Eventually.TrueAsync(() => browser.FetchAsync(two.At("user")).Result.Status == HttpStatusCode.Unauthorized);
        Assert.Equal("orders of alice", (await browser.GoAsync(two.At("orders"))).Text);
        Assert.Equal("orders of alice", (await browser.GoAsync(one.At("orders"))).Text);
        Assert.Equal(2, provider.Logins);
    }
}

/// <summary>The two nodes with files on one machine.</summary>
public sealed class TwoNodesWithFilesTests : TwoNodesTests
{
    protected override Action<TokenSessionBuilder> CreateStore()
    {
        var directory = Directory.CreateTempSubdirectory("tokenrefresh-store-").FullName;
        return session => session.UseFileStore(directory).UseDataProtection();
    }

    [Fact]
    [Trait("Case", "S14")]
    public async Task With_a_RecheckInterval_a_sign_out_on_one_node_ends_the_cookie_on_the_other()
    {
        await using var provider = await Provider.StartAsync();
        var setup = new NodeSetup
        {
            ConfigureSession = CreateStore(),
            ConfigureServices = services => services.ConfigureAll<TokenRefreshOptions>(options => options.RecheckInterval = TimeSpan.FromSeconds(30)),
        };
        await using var one = await Node.StartAsync(provider, setup);
        await using var two = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        await browser.GoAsync(one.At("orders"));
        await browser.FetchAsync(two.At("orders"));
        var cookie = browser.Cookie(one.Address, ".AspNetCore.Cookies");
        await browser.FetchAsync(one.At("logout"), HttpMethod.Post);
        browser.SetCookie(one.Address, ".AspNetCore.Cookies", cookie);

        // A page that calls no API.
        var before = await browser.FetchAsync(two.At("user"));
        setup.Time.Advance(TimeSpan.FromSeconds(30));
        var after = await browser.FetchAsync(two.At("user"));

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (before.Status, after.Status));
    }

    protected override Task NoticeAsync(object setup)
    {
        ((NodeSetup)setup).Time.Advance(TimeSpan.FromMinutes(1));
        return Task.CompletedTask;
    }
}

/// <summary>The two nodes with Redis.</summary>
public sealed class TwoNodesWithRedisTests : TwoNodesTests, IAsyncLifetime
{
    private readonly RedisServer _redis = new();

    public async ValueTask InitializeAsync()
    {
        Machine.MustHave(RedisServer.Missing);
        await _redis.StartAsync();
    }

    public ValueTask DisposeAsync()
    {
        _redis.Dispose();
        return default;
    }

    protected override Action<TokenSessionBuilder> CreateStore() => session => session.UseRedis(_redis.Address).UseDataProtection();
}

using System.Net;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>A cookie of an earlier login, from another tab, another browser or a thief, after the user has signed in again.</summary>
[Trait("Case", "W3")]
public sealed class CookieReplayTests
{
    private const string AppCookie = ".AspNetCore.Cookies";

    [Theory]
    [InlineData("memory")]
    [InlineData("files")]
    public async Task A_login_of_the_same_provider_session_revives_no_cookie_of_before_the_sign_out(string store)
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, CreateSetup(UserTokenScope.PerLogin, store));
        using var browser = Create(provider);
        await browser.GoAsync(node.At("orders"));
        var old = browser.Cookie(node.Address, AppCookie);
        await browser.FetchAsync(node.At("logout"), HttpMethod.Post);

        Assert.Equal("orders of alice", (await browser.GoAsync(node.At("orders"))).Text);

        await AssertRejectedAsync(node, old);
        Assert.Equal("orders of alice", (await browser.FetchAsync(node.At("orders"))).Text);
    }

    [Theory]
    [InlineData(UserTokenScope.PerLogin, "memory")]
    [InlineData(UserTokenScope.PerLogin, "files")]
    [InlineData(UserTokenScope.PerUser, "memory")]
    [InlineData(UserTokenScope.PerUser, "files")]
    public async Task A_cookie_that_the_provider_ended_ends_no_later_login(UserTokenScope scope, string store)
    {
        await using var provider = await Provider.StartAsync();
        var setup = CreateSetup(scope, store);
        await using var node = await Node.StartAsync(provider, setup);
        await using var other = store == "files" ? await Node.StartAsync(provider, setup) : null;
        using var browser = Create(provider);
        await browser.GoAsync(node.At("orders"));
        var old = browser.Cookie(node.Address, AppCookie);
        using var http = new HttpClient();
        using var form = new FormUrlEncodedContent(
            [KeyValuePair.Create("logout_token", LogoutTokens.Sign(LogoutTokens.Claims(provider, sessionId: null)))]);
        using var answer = await http.PostAsync(node.At("backchannel-logout"), form);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

        Assert.Equal("orders of alice", (await browser.GoAsync(node.At("orders"))).Text);

        foreach (var replayedAt in other is null ? [node] : new[] { other, node })
        {
            await AssertRejectedAsync(replayedAt, old);
            Assert.Equal("orders of alice", (await browser.FetchAsync(replayedAt.At("orders"))).Text);
        }
    }

    private static Browser Create(Provider provider)
    {
        var browser = new Browser();
        browser.SetCookie(provider.Address, Provider.SessionCookie, "sid-1");
        return browser;
    }

    private static NodeSetup CreateSetup(UserTokenScope scope, string store)
    {
        var directory = Directory.CreateTempSubdirectory("tokenrefresh-store-").FullName;
        return new NodeSetup
        {
            ConfigureUsers = options => options.Scope = scope,
            ConfigureSession = store == "files" ? session => session.UseFileStore(directory).UseDataProtection() : _ => { },
        };
    }

    private static async Task AssertRejectedAsync(Node node, string? cookie)
    {
        using var thief = new Browser();
        thief.SetCookie(node.Address, AppCookie, cookie);
        Assert.Equal(HttpStatusCode.Unauthorized, (await thief.FetchAsync(node.At("orders"))).Status);
    }
}

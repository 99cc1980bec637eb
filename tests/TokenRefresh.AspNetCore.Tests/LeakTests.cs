using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using TokenRefresh.TestKit;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>Tokens never appear outside the session, and no log identifies the user.</summary>
public sealed class LeakTests
{
    [Fact]
    [Trait("Case", "W18")]
    public async Task Neither_tokens_nor_identifiers_are_in_logs_pages_headers_cookies_or_addresses()
    {
        await using var provider = await Provider.StartAsync();
        var setup = new NodeSetup();
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        browser.SetCookie(provider.Address, Provider.UserCookie, "user-4711");
        browser.SetCookie(provider.Address, Provider.SessionCookie, "sid-0815");

        await browser.GoAsync(node.At("orders"));
        var key = node.Services.ReadTicket(browser.Cookie(node.Address, ".AspNetCore.Cookies")!).Principal.FindFirst("TokenRefresh/shop")!.Value;
        setup.Time.Advance(Provider.AccessTokenLifetime);
        await browser.GoAsync(node.At("orders"));
        provider.IsDown = true;
        setup.Time.Advance(Provider.AccessTokenLifetime);
        await browser.GoAsync(node.At("orders"));
        provider.IsDown = false;
        await provider.RevokeAsync("user-4711");
        setup.Time.Advance(TimeSpan.FromMinutes(1));
        await browser.FetchAsync(node.At("open/orders"));
        await browser.GoAsync(node.At("orders"));
        await browser.SubmitAsync(node.At("logout"), from: new Uri("http://evil.example/"));
        await browser.SubmitAsync(node.At("logout"), from: node.Address);

        string[] identifiers = ["user-4711", "sid-0815", .. key.Split('.').Where(part => part.Length > 20)];
        Assert.Equal(3, identifiers.Length - 2);
        Assert.NotEmpty(node.Log.Own);
        Assert.All(node.Log.Own, line => Assert.DoesNotContain(identifiers, identifier => line.Contains(identifier, StringComparison.Ordinal)));
        Assert.InRange(provider.IssuedTokens.Count, 9, 100);

        // The sign-out at the provider names the login to it by the id token: that, and nothing else, is in an address.
        var hint = Assert.Single(provider.IdTokenHints);
        var seen = node.Log.Own.Concat(browser.Received.SkipLast(4)).ToArray();
        Assert.All(provider.IssuedTokens.Where(token => token != hint), token => Assert.DoesNotContain(browser.Received, text => text.Contains(token, StringComparison.Ordinal)));
        Assert.All(provider.IssuedTokens, token => Assert.DoesNotContain(seen, text => text.Contains(token, StringComparison.Ordinal)));
        Assert.All(node.Log.Own, line => Assert.DoesNotContain(Provider.ClientSecret, line, StringComparison.Ordinal));
    }
}

using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.Testing;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>Two nodes with one store, whose clocks differ by five minutes.</summary>
[Trait("Case", "C16")]
[Trait("Case", "W1")]
public sealed class DifferentClocksTests
{
    private const string AppCookie = ".AspNetCore.Cookies";

    [Theory]
    [InlineData(5)]
    [InlineData(-5)]
    public async Task The_login_lives_on_with_one_refresh_per_expiry_and_one_renewal_of_the_cookie(int minutesAhead)
    {
        await using var provider = await Provider.StartAsync();
        var store = new MemoryTokenStore();
        var setup = new NodeSetup { ConfigureSession = session => session.UseStore(store).UseDataProtection() };
        await using var one = await Node.StartAsync(provider, setup);
        await using var two = await Node.StartAsync(provider, new NodeSetup
        {
            Clock = new ShiftedTime(setup.Time, TimeSpan.FromMinutes(minutesAhead)),
            ConfigureSession = setup.ConfigureSession,
            Keys = setup.Keys,
        });
        using var browser = new Browser();
        await browser.GoAsync(one.At("orders"));

        for (var expiry = 1; expiry <= 10; expiry++)
        {
            await ReloadAsync(browser, setup, one, two);
            Assert.Equal(expiry, provider.ReceivedRefreshTokens.Count);
        }

        var old = browser.Cookie(one.Address, AppCookie);
        setup.Time.Advance(TimeSpan.FromDays(8));
        Assert.Equal("orders of alice", (await browser.FetchAsync(two.At("orders"))).Text);
        var renewed = browser.Cookie(one.Address, AppCookie);
        await ReloadAsync(browser, setup, one, two);

        Assert.NotEqual(old, renewed);
        Assert.Equal(renewed, browser.Cookie(one.Address, AppCookie));
        Assert.Equal(1, provider.Logins);
    }

    // Three times in the life of an access token, at each node.
    private static async Task ReloadAsync(Browser browser, NodeSetup setup, params Node[] nodes)
    {
        for (var reload = 0; reload < 3; reload++)
        {
            setup.Time.Advance(Provider.AccessTokenLifetime / 3);
            foreach (var node in nodes)
            {
                var page = await browser.FetchAsync(node.At("orders"));
                Assert.Equal((HttpStatusCode.OK, "orders of alice"), (page.Status, page.Text));
            }
        }
    }

    private sealed class ShiftedTime(TimeProvider inner, TimeSpan ahead) : TimeProvider
    {
        public override long TimestampFrequency => inner.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => inner.GetUtcNow() + ahead;

        public override long GetTimestamp() => inner.GetTimestamp();
    }
}

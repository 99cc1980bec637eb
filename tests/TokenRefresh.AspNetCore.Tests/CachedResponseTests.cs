using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>An app whose output cache has a policy for all endpoints and users.</summary>
[Trait("Case", "W25")]
public sealed class CachedResponseTests
{
    private const string AppCookie = ".AspNetCore.Cookies";

    [Fact]
    public async Task A_cached_response_renews_each_users_own_cookie()
    {
        await using var provider = await Provider.StartAsync();
        var setup = CreateSetup();
        await using var node = await Node.StartAsync(provider, setup);
        using var alice = new Browser();
        using var bob = await SignInAsync(provider, node, alice);
        setup.Time.Advance(TimeSpan.FromDays(8));
        var old = new[] { alice, bob }.Select(browser => browser.Cookie(node.Address, AppCookie)).ToArray();

        var pages = new[] { await alice.FetchAsync(node.At("news")), await bob.FetchAsync(node.At("news")) };

        // The second response came from the cache.
        Assert.All(pages, page => Assert.Equal("news 1", page.Text));
        var renewed = new[] { alice, bob }.Select(browser => browser.Cookie(node.Address, AppCookie)!).ToArray();
        Assert.Equal(4, old.Concat(renewed).Distinct().Count());
        Assert.Equal(["alice", "bob"], renewed.Select(cookie => node.Services.ReadTicket(cookie).Principal.FindFirst("name")?.Value));
    }

    [Fact]
    public async Task A_cached_response_does_not_renew_the_cookie_of_an_ended_login()
    {
        await using var provider = await Provider.StartAsync();
        var setup = CreateSetup();
        await using var node = await Node.StartAsync(provider, setup);
        using var alice = new Browser();
        using var bob = await SignInAsync(provider, node, alice);
        var ended = bob.Cookie(node.Address, AppCookie);
        await bob.FetchAsync(node.At("logout"), HttpMethod.Post);
        bob.SetCookie(node.Address, AppCookie, ended);
        setup.Time.Advance(TimeSpan.FromDays(8));

        await alice.FetchAsync(node.At("news"));

        Assert.Equal("news 1", (await bob.FetchAsync(node.At("news"))).Text);
        Assert.Equal(ended, bob.Cookie(node.Address, AppCookie));
    }

    [Fact]
    public async Task The_mapped_endpoints_are_not_cached()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, CreateSetup());
        using var alice = new Browser();
        using var bob = await SignInAsync(provider, node, alice);
        using var stranger = new Browser();

        Assert.Contains("alice", (await alice.FetchAsync(node.At("user"))).Text, StringComparison.Ordinal);
        Assert.Contains("bob", (await bob.FetchAsync(node.At("user"))).Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.FetchAsync(node.At("user"))).Status);
        foreach (var browser in new[] { alice, bob })
        {
            Assert.Equal(HttpStatusCode.NoContent, (await browser.FetchAsync(node.At("logout"), HttpMethod.Post)).Status);
            Assert.DoesNotContain(AppCookie, browser.CookieNames(node.Address));
        }

        await Eventually.TrueAsync(() => provider.RevokedTokens.Count == 2);
    }

    private static async Task<Browser> SignInAsync(Provider provider, Node node, Browser alice)
    {
        var bob = new Browser();
        bob.SetCookie(provider.Address, Provider.UserCookie, "bob");
        await alice.GoAsync(node.At("login"));
        await bob.GoAsync(node.At("login"));
        return bob;
    }

    private static NodeSetup CreateSetup()
    {
        var renderings = 0;
        return new NodeSetup
        {
            ConfigureServices = services => services.AddOutputCache(
                cache => cache.AddBasePolicy(policy => policy.AddPolicy<Everything>(), excludeDefaultPolicy: true)),
            ConfigurePipeline = app => app.UseOutputCache(),
            Map = app =>
            {
                app.MapGet("/news", () => $"news {++renderings}");
                app.MapGet("/login", () => "in").RequireAuthorization().CacheOutput(policy => policy.NoCache());
            },
        };
    }

    private sealed class Everything : IOutputCachePolicy
    {
        public ValueTask CacheRequestAsync(OutputCacheContext context, CancellationToken cancellation)
        {
            context.EnableOutputCaching = true;
            context.AllowCacheLookup = true;
            context.AllowCacheStorage = !context.HttpContext.Request.Path.StartsWithSegments("/signin-oidc", StringComparison.Ordinal);
            return ValueTask.CompletedTask;
        }

        public ValueTask ServeFromCacheAsync(OutputCacheContext context, CancellationToken cancellation) => ValueTask.CompletedTask;

        public ValueTask ServeResponseAsync(OutputCacheContext context, CancellationToken cancellation) => ValueTask.CompletedTask;
    }
}

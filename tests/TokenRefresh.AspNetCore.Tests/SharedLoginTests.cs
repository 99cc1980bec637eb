using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>Browsers that share the session of their user: <see cref="UserTokenScope.PerUser"/>.</summary>
public sealed class SharedLoginTests
{
    [Theory]
    [Trait("Case", "B81")]
    [InlineData("memory")]
    [InlineData("files")]
    public async Task A_login_after_a_sign_out_revives_no_cookie_of_another_browser(string store)
    {
        await using var provider = await Provider.StartAsync();
        await using var nodes = await Nodes.StartAsync(provider, store);
        using var one = new Browser();
        using var two = new Browser();
        await one.GoAsync(nodes.First.At("orders"));
        await two.GoAsync(nodes.First.At("orders"));
        await one.SubmitAsync(nodes.First.At("logout"), from: nodes.First.Address);
        nodes.Setup.Time.Advance(TimeSpan.FromMinutes(2));

        await one.GoAsync(nodes.First.At("orders"));

        Assert.Equal(HttpStatusCode.Unauthorized, (await two.FetchAsync(nodes.First.At("orders"))).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await two.FetchAsync(nodes.Last.At("orders"))).Status);
        Assert.Equal("orders of alice", (await one.FetchAsync(nodes.Last.At("orders"))).Text);
        Assert.Equal("orders of alice", (await two.GoAsync(nodes.Last.At("orders"))).Text);
        Assert.Equal("orders of alice", (await one.FetchAsync(nodes.First.At("orders"))).Text);
        Assert.Equal(4, provider.Logins);
    }

    [Fact]
    [Trait("Case", "B81")]
    public async Task A_sign_out_that_memory_forgot_revives_no_cookie_of_another_browser()
    {
        await using var provider = await Provider.StartAsync();
        var setup = Nodes.CreateSetup();
        using var one = new Browser();
        using var two = new Browser();
        await using (var node = await Node.StartAsync(provider, setup))
        {
            await one.GoAsync(node.At("orders"));
            await two.GoAsync(node.At("orders"));
            await one.SubmitAsync(node.At("logout"), from: node.Address);
        }

        setup.Time.Advance(TimeSpan.FromMinutes(2));
        await using var restarted = await Node.StartAsync(provider, setup);
        await one.GoAsync(restarted.At("orders"));

        Assert.Equal(HttpStatusCode.Unauthorized, (await two.FetchAsync(restarted.At("orders"))).Status);
    }

    [Fact]
    [Trait("Case", "B81")]
    public async Task A_sign_out_by_the_app_revives_no_cookie_after_a_login_with_tokens()
    {
        await using var provider = await Provider.StartAsync();
        var setup = Nodes.CreateSetup(map: app => app.MapGet("/form", async Task (HttpContext context) => await context.SignInWithTokensAsync(
            "shop",
            new ClaimsPrincipal(new ClaimsIdentity([new Claim("sub", "alice")], "password")),
            new TokenSet("access", "refresh"))));
        await using var node = await Node.StartAsync(provider, setup);
        using var one = new Browser();
        using var two = new Browser();
        await one.GoAsync(node.At("form"));
        await two.GoAsync(node.At("form"));
        Assert.Equal(HttpStatusCode.OK, (await one.FetchAsync(node.At("user"))).Status);
        await one.FetchAsync(node.At("logout"), HttpMethod.Post);

        await one.GoAsync(node.At("form"));

        Assert.Equal(HttpStatusCode.Unauthorized, (await two.FetchAsync(node.At("user"))).Status);
        Assert.Equal(HttpStatusCode.OK, (await one.FetchAsync(node.At("user"))).Status);
    }

    [Theory]
    [Trait("Case", "B81")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_login_that_a_sign_out_overtakes_revives_no_cookie_of_another_browser(bool onSameNode)
    {
        await using var provider = await Provider.StartAsync();
        var store = new HeldWrites();
        var setup = Nodes.CreateSetup(session => session.UseStore(store).UseDataProtection());
        await using var node = await Node.StartAsync(provider, setup);
        await using var other = await Node.StartAsync(provider, setup);
        using var one = new Browser();
        using var two = new Browser();
        using var three = new Browser();
        await one.GoAsync(node.At("orders"));
        await two.GoAsync(node.At("orders"));

        var write = store.HoldNext();
        var login = three.GoAsync(node.At("orders"));
        await write.ArrivedAsync(1);
        await one.FetchAsync((onSameNode ? node : other).At("logout"), HttpMethod.Post);
        write.Open();

        Assert.Equal("orders of alice", (await login).Text);
        Assert.Equal(HttpStatusCode.Unauthorized, (await two.FetchAsync(node.At("orders"))).Status);
        Assert.Equal("orders of alice", (await three.FetchAsync(node.At("orders"))).Text);
    }

    [Fact]
    [Trait("Case", "B81")]
    public async Task A_response_with_many_members_revives_no_cookie_of_before_a_sign_out()
    {
        await using var provider = await Provider.StartAsync();
        provider.ExtraMembers = 64;
        await using var nodes = await Nodes.StartAsync(provider, "memory");
        using var one = new Browser();
        using var two = new Browser();
        await one.GoAsync(nodes.First.At("orders"));
        await two.GoAsync(nodes.First.At("orders"));
        await one.SubmitAsync(nodes.First.At("logout"), from: nodes.First.Address);
        await one.GoAsync(nodes.First.At("orders"));

        nodes.Setup.Time.Advance(Provider.AccessTokenLifetime);
        Assert.Equal("orders of alice", (await one.FetchAsync(nodes.First.At("orders"))).Text);

        Assert.Single(provider.ReceivedRefreshTokens);
        Assert.Equal(HttpStatusCode.Unauthorized, (await two.FetchAsync(nodes.First.At("orders"))).Status);
    }

    [Fact]
    [Trait("Case", "B81")]
    public async Task New_tokens_that_the_app_brings_revive_no_cookie_of_before_a_sign_out()
    {
        await using var provider = await Provider.StartAsync();
        var setup = Nodes.CreateSetup(map: app => app.MapPost("/step-up", (HttpContext context) =>
            context.GetTokenSession("shop").SignInAsync(new TokenSet("access", "refresh"), context.RequestAborted)));
        await using var node = await Node.StartAsync(provider, setup);
        using var one = new Browser();
        using var two = new Browser();
        await one.GoAsync(node.At("orders"));
        await two.GoAsync(node.At("orders"));
        await one.SubmitAsync(node.At("logout"), from: node.Address);
        await one.GoAsync(node.At("orders"));

        Assert.Equal(HttpStatusCode.OK, (await one.FetchAsync(node.At("step-up"), HttpMethod.Post)).Status);

        Assert.Equal(HttpStatusCode.Unauthorized, (await two.FetchAsync(node.At("user"))).Status);
        Assert.Equal(HttpStatusCode.OK, (await one.FetchAsync(node.At("user"))).Status);
    }

    [Theory]
    [InlineData("memory")]
    [InlineData("files")]
    public async Task Browsers_that_log_in_at_once_are_all_signed_in(string store)
    {
        await using var provider = await Provider.StartAsync();
        await using var nodes = await Nodes.StartAsync(provider, store);
        var browsers = Enumerable.Range(0, 6).Select(_ => new Browser()).ToArray();

        var pages = await Task.WhenAll(browsers.Select((browser, i) => browser.GoAsync((i % 2 == 0 ? nodes.First : nodes.Last).At("orders"))));
        var users = await Task.WhenAll(browsers.Select(browser => browser.FetchAsync(nodes.First.At("user"))));

        Assert.All(pages, page => Assert.Equal("orders of alice", page.Text));
        Assert.All(users, user => Assert.Equal(HttpStatusCode.OK, user.Status));
        Assert.Equal(6, provider.Logins);
        Array.ForEach(browsers, browser => browser.Dispose());
    }

    private sealed class Nodes(NodeSetup setup, Node first, Node last) : IAsyncDisposable
    {
        public NodeSetup Setup => setup;

        public Node First => first;

        public Node Last => last;

        public static NodeSetup CreateSetup(Action<TokenSessionBuilder>? store = null, Action<WebApplication>? map = null) => new()
        {
            ConfigureUsers = options => options.Scope = UserTokenScope.PerUser,
            ConfigureSession = store ?? (_ => { }),
            Map = map ?? (_ => { }),
        };

        public static async Task<Nodes> StartAsync(Provider provider, string store)
        {
            var directory = Directory.CreateTempSubdirectory("tokenrefresh-store-").FullName;
            var setup = CreateSetup(store == "files" ? session => session.UseFileStore(directory).UseDataProtection() : null);
            var first = await Node.StartAsync(provider, setup);
            return new Nodes(setup, first, store == "files" ? await Node.StartAsync(provider, setup) : first);
        }

        public async ValueTask DisposeAsync()
        {
            await first.DisposeAsync();
            await last.DisposeAsync();
        }
    }
}

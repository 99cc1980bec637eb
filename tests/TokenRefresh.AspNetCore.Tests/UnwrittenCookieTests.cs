using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>A login whose tokens are saved, but whose cookie can't be written.</summary>
[Trait("Case", "W5")]
public sealed class UnwrittenCookieTests
{
    private bool _fails;

    [Fact]
    public async Task It_leaves_no_tokens_behind()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, CreateSetup(UserTokenScope.PerLogin));
        using var browser = new Browser();
        _fails = true;

        Assert.Equal(HttpStatusCode.InternalServerError, (await browser.GoAsync(node.At("sign-in"))).Status);

        await Eventually.TrueAsync(() => provider.RevokedTokens.Contains("refresh-1"));
    }

    [Fact]
    public async Task It_leaves_the_users_other_browsers_signed_in_where_they_share_a_session()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, CreateSetup(UserTokenScope.PerUser));
        using var one = new Browser();
        using var two = new Browser();
        await one.GoAsync(node.At("sign-in"));
        _fails = true;

        Assert.Equal(HttpStatusCode.InternalServerError, (await two.GoAsync(node.At("sign-in"))).Status);

        Assert.Equal(HttpStatusCode.OK, (await one.FetchAsync(node.At("user"))).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await two.FetchAsync(node.At("user"))).Status);
    }

    private NodeSetup CreateSetup(UserTokenScope scope)
    {
        var logins = 0;
        return new NodeSetup
        {
            ConfigureUsers = users => users.Scope = scope,
            ConfigureServices = services => services.Configure<CookieAuthenticationOptions>(
                CookieAuthenticationDefaults.AuthenticationScheme,
                options => options.Events.OnSigningIn = _ => _fails ? throw new InvalidDataException("The app's own event fails.") : Task.CompletedTask),
            Map = app => app.MapGet("/sign-in", async (HttpContext context) =>
            {
                var number = ++logins;
                var user = new ClaimsPrincipal(new ClaimsIdentity([new Claim("sub", "alice")], "password"));
                await context.SignInWithTokensAsync("shop", user, new TokenSet($"access-{number}", $"refresh-{number}"));
            }),
        };
    }
}

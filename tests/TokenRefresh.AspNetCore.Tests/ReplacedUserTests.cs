using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>The user of the request isn't the one in the cookie: the app's code has replaced it.</summary>
public sealed class ReplacedUserTests
{
    private const string AppCookie = ".AspNetCore.Cookies";
    private const string Cookies = CookieAuthenticationDefaults.AuthenticationScheme;

    [Theory]
    [Trait("Case", "W28")]
    [InlineData("orders")]
    [InlineData("open/orders")]
    public async Task A_claims_transformation_that_drops_the_key_causes_no_loop_and_a_sign_out_still_revokes(string page)
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            ConfigureServices = services => services.AddSingleton<IClaimsTransformation>(new Transformation(
                _ => new ClaimsPrincipal(new ClaimsIdentity([new Claim("name", "alice")], "app")))),
            Map = app => app.MapGet("/login", () => "in").RequireAuthorization(),
        });
        using var browser = new Browser();

        await browser.GoAsync(node.At("login"));
        var answer = await browser.GoAsync(node.At(page));

        Assert.Equal(HttpStatusCode.InternalServerError, answer.Status);
        Assert.Equal(1, provider.Logins);
        Assert.Single(node.Log.Own, line => line.StartsWith("Error Session 'shop': an API call had no token", StringComparison.Ordinal));
        await browser.FetchAsync(node.At("logout"), HttpMethod.Post);
        await Eventually.TrueAsync(() => provider.RevokedTokens.Count == 1);
    }

    [Fact]
    [Trait("Case", "W26")]
    public async Task A_claims_transformation_can_sign_the_user_out()
    {
        await using var provider = await Provider.StartAsync();
        var isDisabled = false;
        var transformations = 0;
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            ConfigureServices = services => services.AddHttpContextAccessor().AddSingleton<IClaimsTransformation>(p => new Transformation(
                async principal =>
                {
                    if (isDisabled && ++transformations < 10)
                    {
                        await p.GetRequiredService<IHttpContextAccessor>().HttpContext!.SignOutAsync(Cookies);
                        return new ClaimsPrincipal(new ClaimsIdentity());
                    }

                    return principal;
                })),
        });
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        isDisabled = true;

        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.FetchAsync(node.At("user"))).Status);
        Assert.Equal(1, transformations);
        await Eventually.TrueAsync(() => provider.RevokedTokens.Count == 1);
    }

    [Theory]
    [Trait("Case", "W28")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_principal_that_the_app_keeps_for_all_browsers_of_a_user_gives_each_its_own_session(bool isClass)
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, new NodeSetup { ConfigureServices = KeepOnePrincipal(isClass) });
        using var one = new Browser();
        using var two = new Browser();
        await one.GoAsync(node.At("orders"));
        await two.GoAsync(node.At("orders"));
        await one.FetchAsync(node.At("logout"), HttpMethod.Post);

        Assert.Equal("orders of alice", (await two.FetchAsync(node.At("orders"))).Text);
    }

    [Theory]
    [Trait("Case", "W28")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cookie_without_a_session_gets_none_from_a_principal_that_the_app_keeps(bool isClass)
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            ConfigureServices = KeepOnePrincipal(isClass),
            Map = app =>
            {
                app.MapGet("/plain", (HttpContext context) => context.SignInAsync(
                    Cookies, new ClaimsPrincipal(new ClaimsIdentity([new Claim("sub", "alice")], "password"))));
                app.MapGet("/session", (HttpContext context) => context.FindTokenSession("shop") is null ? "none" : "another's");
            },
        });
        using var one = new Browser();
        using var two = new Browser();
        await one.GoAsync(node.At("orders"));
        await two.GoAsync(node.At("plain"));

        Assert.Equal("none", (await two.FetchAsync(node.At("session"))).Text);
        Assert.Equal("orders of alice", (await one.FetchAsync(node.At("orders"))).Text);
    }

    [Fact]
    [Trait("Case", "W28")]
    public async Task A_user_that_the_app_replaces_with_an_anonymous_one_is_not_signed_in()
    {
        await using var provider = await Provider.StartAsync();
        var isDisabled = false;
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            ConfigureServices = services => services.Configure<CookieAuthenticationOptions>(
                Cookies,
                options => options.Events.OnValidatePrincipal = context =>
                {
                    context.ReplacePrincipal(isDisabled ? new ClaimsPrincipal(new ClaimsIdentity()) : context.Principal!);
                    return Task.CompletedTask;
                }),
        });
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        isDisabled = true;

        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.FetchAsync(node.At("user"))).Status);
        isDisabled = false;
        Assert.Equal("orders of alice", (await browser.FetchAsync(node.At("orders"))).Text);
    }

    [Fact]
    [Trait("Case", "W28")]
    public async Task A_class_that_replaces_the_principal_first_keeps_the_session_and_its_check()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            ConfigureServices = services => services
                .AddScoped(_ => new ReplacingEvents(_ => new ClaimsPrincipal(new ClaimsIdentity([new Claim("sub", "alice")], "fresh"))))
                .Configure<CookieAuthenticationOptions>(Cookies, options => options.EventsType = typeof(ReplacingEvents)),
        });
        using var browser = new Browser();

        Assert.Equal("orders of alice", (await browser.GoAsync(node.At("orders"))).Text);
        var cookie = browser.Cookie(node.Address, AppCookie);
        await browser.FetchAsync(node.At("logout"), HttpMethod.Post);
        browser.SetCookie(node.Address, AppCookie, cookie);

        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.FetchAsync(node.At("user"))).Status);
    }

    [Fact]
    [Trait("Case", "W28")]
    public async Task A_cookie_that_the_app_rejects_leads_an_open_page_to_the_sign_in()
    {
        await using var provider = await Provider.StartAsync();
        var rejected = 0;
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            ConfigureServices = services => services.Configure<CookieAuthenticationOptions>(
                Cookies,
                options => options.Events.OnValidatePrincipal = context =>
                {
                    if (context.Request.Path == "/open/orders" && ++rejected == 1)
                    {
                        context.RejectPrincipal();
                    }

                    return Task.CompletedTask;
                }),
        });
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));

        Assert.Equal("orders of alice", (await browser.GoAsync(node.At("open/orders"))).Text);
        Assert.Equal(2, provider.Logins);
    }

    /// <summary>Makes the app keep the principal of the first request, and give it to all requests.</summary>
    private static Action<IServiceCollection> KeepOnePrincipal(bool isClass)
    {
        ClaimsPrincipal? kept = null;
        return services => services.AddScoped(_ => new ReplacingEvents(own => kept ??= own))
            .Configure<CookieAuthenticationOptions>(Cookies, options =>
            {
                options.EventsType = isClass ? typeof(ReplacingEvents) : null;
                options.Events.OnValidatePrincipal = context =>
                {
                    context.ReplacePrincipal(kept ??= context.Principal!);
                    return Task.CompletedTask;
                };
            });
    }

    private sealed class Transformation(Func<ClaimsPrincipal, Task<ClaimsPrincipal>> transform) : IClaimsTransformation
    {
        public Transformation(Func<ClaimsPrincipal, ClaimsPrincipal> transform)
            : this(principal => Task.FromResult(transform(principal)))
        {
        }

        public Task<ClaimsPrincipal> TransformAsync(ClaimsPrincipal principal) => transform(principal);
    }

    private sealed class ReplacingEvents(Func<ClaimsPrincipal, ClaimsPrincipal> replace) : TokenRefreshCookieEvents
    {
        public override Task ValidatePrincipal(CookieValidatePrincipalContext context)
        {
            context.ReplacePrincipal(replace(context.Principal!));
            return base.ValidatePrincipal(context);
        }
    }
}

using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>What apps do in the events of the two schemes.</summary>
public sealed class AppEventsTests
{
    private const string AppCookie = ".AspNetCore.Cookies";
    private const string Cookies = CookieAuthenticationDefaults.AuthenticationScheme;
    private const string OpenIdConnect = OpenIdConnectDefaults.AuthenticationScheme;

    [Theory]
    [Trait("Case", "W26")]
    [InlineData("at once")]
    [InlineData("after a look into the app's database")]
    [InlineData("by derived events")]
    [InlineData("with a ticket store")]
    public async Task A_cookie_that_the_app_rejects_and_signs_out_ends_its_session(string how)
    {
        await using var provider = await Provider.StartAsync();
        var isDisabled = false;
        async Task RejectAsync(CookieValidatePrincipalContext context)
        {
            if (!isDisabled)
            {
                return;
            }

            if (how == "after a look into the app's database")
            {
                await Task.Yield();
            }

            // As the platform's documentation and the security stamp of Identity do it.
            context.RejectPrincipal();
            await context.HttpContext.SignOutAsync(Cookies);
        }

        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            ConfigureServices = services =>
            {
                services.AddScoped(_ => new RejectingEvents(RejectAsync));
                services.Configure<CookieAuthenticationOptions>(Cookies, options =>
                {
                    if (how == "by derived events")
                    {
                        options.EventsType = typeof(RejectingEvents);
                    }

                    options.SessionStore = how == "with a ticket store" ? new AppTickets() : null;
                    options.Events.OnValidatePrincipal = RejectAsync;
                });
            },
        });
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        isDisabled = true;

        var script = await browser.FetchAsync(node.At("orders")).WaitAsync(Gate.FailSafe);

        Assert.Equal(HttpStatusCode.Unauthorized, script.Status);
        Assert.DoesNotContain(AppCookie, browser.CookieNames(node.Address));
        await Eventually.TrueAsync(() => provider.RevokedTokens.Count == 1);
    }

    [Fact]
    [Trait("Case", "W27")]
    public async Task What_the_app_sets_last_bypasses_nothing()
    {
        await using var provider = await Provider.StartAsync();
        var setup = new NodeSetup
        {
            ConfigureProvider = options => options.SaveTokens = true,
            ConfigureServices = services =>
            {
                services.PostConfigure<CookieAuthenticationOptions>(Cookies, options =>
                {
                    options.Events = new CookieAuthenticationEvents();
                    options.CookieManager = new ChunkingCookieManager();
                });
                services.PostConfigure<OpenIdConnectOptions>(OpenIdConnect, options =>
                {
                    options.Events = new OpenIdConnectEvents();
                    options.Scope.Clear();
                    options.Scope.Add("openid");
                });
            },
        };
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();

        Assert.Equal("orders of alice", (await browser.GoAsync(node.At("orders"))).Text);
        var cookie = browser.Cookie(node.Address, AppCookie)!;
        Assert.DoesNotContain(node.Services.ReadTicket(cookie).Properties.GetTokens(), token => token.Value.Length > 50);
        await browser.FetchAsync(node.At("logout"), HttpMethod.Post);
        await Eventually.TrueAsync(() => provider.RevokedTokens.Count == 1);
        browser.SetCookie(node.Address, AppCookie, cookie);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.FetchAsync(node.At("user"))).Status);
    }

    [Theory]
    [Trait("Case", "W27")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Two_schemes_can_share_their_events(bool isChained)
    {
        var events = new OpenIdConnectEvents();
        void SetEvents(OpenIdConnectOptions options)
        {
            options.Events = events;
            if (isChained)
            {
                var earlier = events.OnTicketReceived;
                events.OnTicketReceived = context => earlier(context);
            }
        }

        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            ConfigureUsers = options => options.OpenIdConnectScheme = OpenIdConnect,
            ConfigureProvider = SetEvents,
            ConfigureServices = services =>
            {
                services.AddAuthentication().AddOpenIdConnect("Bank", options =>
                {
                    Node.Configure(options, provider);
                    options.CallbackPath = "/signin-bank";
                    SetEvents(options);
                });
                services.AddUserTokenSession("bank", configureUsers: options => options.OpenIdConnectScheme = "Bank");
            },
            Map = app => app.MapGet("/login", () => Results.Challenge(
                new AuthenticationProperties { RedirectUri = "/orders" }, [OpenIdConnect])),
        });
        using var browser = new Browser();

        Assert.Equal("orders of alice", (await browser.GoAsync(node.At("login"))).Text);
    }

    [Fact]
    [Trait("Case", "W27")]
    public async Task A_scheme_without_a_session_that_sets_the_shared_events_anew_bypasses_nothing()
    {
        var events = new CookieAuthenticationEvents();
        void SetEvents(CookieAuthenticationOptions options)
        {
            options.Events = events;
            events.OnValidatePrincipal = _ => Task.CompletedTask;
        }

        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            ConfigureServices = services =>
            {
                services.Configure<CookieAuthenticationOptions>(Cookies, SetEvents);
                services.AddAuthentication().AddCookie("Other", SetEvents);
            },
            Map = app => app.MapGet("/other", async (HttpContext context) => (await context.AuthenticateAsync("Other")).Succeeded),
        });
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        var cookie = browser.Cookie(node.Address, AppCookie);
        await browser.FetchAsync(node.At("logout"), HttpMethod.Post);
        browser.SetCookie(node.Address, AppCookie, cookie);

        Assert.Equal("false", (await browser.FetchAsync(node.At("other"))).Text);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.FetchAsync(node.At("user"))).Status);
    }

    [Theory]
    [Trait("Case", "W27")]
    [InlineData(nameof(OpenIdConnectEvents.OnTokenValidated))]
    [InlineData(nameof(OpenIdConnectEvents.OnTicketReceived))]
    public async Task A_login_that_the_app_declares_successful_keeps_its_tokens(string name)
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            ConfigureProvider = options =>
            {
                options.Events.OnTokenValidated = context =>
                {
                    if (name == nameof(OpenIdConnectEvents.OnTokenValidated))
                    {
                        context.Success();
                    }

                    return Task.CompletedTask;
                };
                options.Events.OnTicketReceived = context =>
                {
                    if (name == nameof(OpenIdConnectEvents.OnTicketReceived))
                    {
                        context.Success();
                    }

                    return Task.CompletedTask;
                };
            },
        });
        using var browser = new Browser();

        Assert.Equal("orders of alice", (await browser.GoAsync(node.At("orders"))).Text);
    }

    [Theory]
    [Trait("Case", "W27")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_login_that_the_app_refuses_at_its_last_step_writes_no_cookie_and_causes_no_loop(bool isClass)
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            ConfigureProvider = options =>
            {
                options.EventsType = isClass ? typeof(RefusingEvents) : null;
                options.Events.OnTicketReceived = context =>
                {
                    context.Fail("The user is disabled.");
                    return Task.CompletedTask;
                };
            },
            ConfigureServices = services => services.AddScoped<RefusingEvents>(),
        });
        using var browser = new Browser();

        var page = await browser.GoAsync(node.At("orders"));

        Assert.Equal(HttpStatusCode.InternalServerError, page.Status);
        Assert.Equal(1, provider.Logins);
        Assert.DoesNotContain(AppCookie, browser.CookieNames(node.Address));
    }

    [Theory]
    [Trait("Case", "W27")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_app_can_answer_a_login_that_it_refuses_at_its_last_step(bool isClass)
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            ConfigureProvider = options =>
            {
                if (isClass)
                {
                    options.EventsType = typeof(AnsweringEvents);
                    return;
                }

                options.Events.OnTicketReceived = context =>
                {
                    context.Fail("The user is disabled.");
                    return Task.CompletedTask;
                };
                options.Events.OnRemoteFailure = AnswerAsync;
            },
            ConfigureServices = services => services.AddScoped<AnsweringEvents>(),
        });
        using var browser = new Browser();

        var page = await browser.GoAsync(node.At("orders"));

        Assert.Equal(("?The%20user%20is%20disabled.", "home"), (page.Address.Query, page.Text));
        Assert.DoesNotContain(AppCookie, browser.CookieNames(node.Address));
    }

    private static Task AnswerAsync(RemoteFailureContext context)
    {
        context.Response.Redirect("/?" + Uri.EscapeDataString(context.Failure!.Message));
        context.HandleResponse();
        return Task.CompletedTask;
    }

    private sealed class AnsweringEvents : RefusingEvents
    {
        public override Task RemoteFailure(RemoteFailureContext context) => AnswerAsync(context);
    }

    private class RefusingEvents : TokenRefreshOpenIdConnectEvents
    {
        public override Task TicketReceived(TicketReceivedContext context)
        {
            context.Fail("The user is disabled.");
            return base.TicketReceived(context);
        }
    }

    private sealed class RejectingEvents(Func<CookieValidatePrincipalContext, Task> reject) : TokenRefreshCookieEvents
    {
        public override async Task ValidatePrincipal(CookieValidatePrincipalContext context)
        {
            await reject(context);
            await base.ValidatePrincipal(context);
        }
    }
}

using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>What apps do in the events of the two schemes.</summary>
public sealed class AppEventsTests
{
    private const string AppCookie = ".AspNetCore.Cookies";
    private const string Cookies = CookieAuthenticationDefaults.AuthenticationScheme;

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

    private sealed class RejectingEvents(Func<CookieValidatePrincipalContext, Task> reject) : TokenRefreshCookieEvents
    {
        public override async Task ValidatePrincipal(CookieValidatePrincipalContext context)
        {
            await reject(context);
            await base.ValidatePrincipal(context);
        }
    }
}

using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.Options;
using TokenRefresh.AspNetCore.Requests;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.DependencyInjection;

/// <summary>
/// Adds the steps of this package after the app's own events of a cookie scheme, and redirects users to the provider to sign in.
/// </summary>
internal sealed class CookieSchemeSetup(UserSessionRegistry registry, IEnumerable<IConfigureOptions<CookieAuthenticationOptions>> setups) :
    IPostConfigureOptions<CookieAuthenticationOptions>
{
    public void PostConfigure(string? name, CookieAuthenticationOptions options)
    {
        var sessions = registry.OfCookieScheme(name).ToArray();
        if (sessions.Length == 0)
        {
            return;
        }

        if (sessions is [{ OpenIdConnectScheme: { } provider }] && !HasLoginPage(name!))
        {
            options.ForwardChallenge ??= provider;
        }

        options.CookieManager = new CookieRenewal.Manager(options.CookieManager ?? new ChunkingCookieManager(), name!);
        if (options.SessionStore is { } tickets)
        {
            options.SessionStore = new CookieRenewal.TicketStore(tickets, name!);
        }

        if (options.EventsType is not null || options.Events is null or TokenRefreshCookieEvents)
        {
            return;
        }

        var events = options.Events;
        var (validate, login, denied) = (events.OnValidatePrincipal, events.OnRedirectToLogin, events.OnRedirectToAccessDenied);
        var (sliding, signingIn, signingOut) = (events.OnCheckSlidingExpiration, events.OnSigningIn, events.OnSigningOut);
        events.OnValidatePrincipal = context => SchemeEvents.ValidatePrincipalAsync(context, validate);
        events.OnCheckSlidingExpiration = context => SchemeEvents.CheckSlidingExpirationAsync(context, sliding);
        events.OnSigningIn = context => SchemeEvents.SigningInAsync(context, signingIn);
        events.OnSigningOut = context => SchemeEvents.SigningOutAsync(context, signingOut);
        events.OnRedirectToLogin = context => SchemeEvents.RedirectToLoginAsync(context, login);
        events.OnRedirectToAccessDenied = context => SchemeEvents.RedirectToAccessDeniedAsync(context, denied);
    }

    // The platform fills in a default path for a page that the app may not have: what counts is what the app itself set.
    private bool HasLoginPage(string name) => new OptionsFactory<CookieAuthenticationOptions>(setups, []).Create(name).LoginPath.HasValue;
}

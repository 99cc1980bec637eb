using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.Options;
using TokenRefresh.AspNetCore.Requests;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.DependencyInjection;

/// <summary>
/// Adds the steps of this package after the app's own events of a cookie scheme, and redirects users to the provider to sign in. It is a
/// validation, because that runs after all that the app configures: whatever the app sets last, it replaces no step.
/// </summary>
internal sealed class CookieSchemeSetup(UserSessionRegistry registry, IEnumerable<IConfigureOptions<CookieAuthenticationOptions>> setups) :
    IValidateOptions<CookieAuthenticationOptions>
{
    public ValidateOptionsResult Validate(string? name, CookieAuthenticationOptions options)
    {
        var sessions = registry.OfCookieScheme(name).ToArray();
        if (sessions.Length == 0)
        {
            return ValidateOptionsResult.Skip;
        }

        if (sessions is [{ OpenIdConnectScheme: { } provider }] && !HasLoginPage(name!, options))
        {
            options.ForwardChallenge ??= provider;
        }

        options.CookieManager = new CookieRenewal.Manager(options.CookieManager ?? new ChunkingCookieManager(), name!);
        if (options.SessionStore is { } tickets)
        {
            options.SessionStore = new CookieRenewal.TicketStore(tickets, name!);
        }

        if (EventTypes.HasClass(options))
        {
            return ValidateOptionsResult.Success;
        }

        var events = EventSteps.CopyOf(options.Events);
        events.OnValidatePrincipal = EventSteps.Around(events.OnValidatePrincipal, SchemeEvents.ValidatePrincipalAsync);
        events.OnCheckSlidingExpiration = EventSteps.Around(events.OnCheckSlidingExpiration, SchemeEvents.CheckSlidingExpirationAsync);
        events.OnSigningIn = EventSteps.Around(events.OnSigningIn, SchemeEvents.SigningInAsync);
        events.OnSigningOut = EventSteps.Around(events.OnSigningOut, SchemeEvents.SigningOutAsync);
        events.OnRedirectToLogin = EventSteps.Around(events.OnRedirectToLogin, SchemeEvents.RedirectToLoginAsync);
        events.OnRedirectToAccessDenied = EventSteps.Around(events.OnRedirectToAccessDenied, SchemeEvents.RedirectToAccessDeniedAsync);
        options.Events = events;
        return ValidateOptionsResult.Success;
    }

    // The platform fills in a default path for a page that the app may not have: what counts is what the app itself set.
    private bool HasLoginPage(string name, CookieAuthenticationOptions options) =>
        options.LoginPath != CookieAuthenticationDefaults.LoginPath
        || new OptionsFactory<CookieAuthenticationOptions>(setups, []).Create(name).LoginPath.HasValue;
}

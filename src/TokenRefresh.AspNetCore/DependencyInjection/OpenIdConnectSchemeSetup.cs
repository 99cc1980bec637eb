using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.DependencyInjection;

/// <summary>
/// Adds the steps of this package after the app's own events of an OpenID Connect scheme, and requests a refresh token. It is a validation,
/// because that runs after all that the app configures.
/// </summary>
internal sealed class OpenIdConnectSchemeSetup(UserSessionRegistry registry) : IValidateOptions<OpenIdConnectOptions>
{
    public ValidateOptionsResult Validate(string? name, OpenIdConnectOptions options)
    {
        if (registry.FindByOpenIdConnectScheme(name) is not { } session)
        {
            return ValidateOptionsResult.Skip;
        }

        if (session.Options.RequireRefreshToken && !options.Scope.Contains(OpenIdConnectScope.OfflineAccess))
        {
            options.Scope.Add(OpenIdConnectScope.OfflineAccess);
        }

        if (EventTypes.HasClass(options))
        {
            return ValidateOptionsResult.Success;
        }

        var events = EventSteps.CopyOf(options.Events);
        events.OnRedirectToIdentityProvider = EventSteps.Around(events.OnRedirectToIdentityProvider, SchemeEvents.RedirectToProviderAsync);
        events.OnTokenValidated = EventSteps.Around(events.OnTokenValidated, SchemeEvents.TokenValidatedAsync);
        events.OnTicketReceived = EventSteps.Around(events.OnTicketReceived, SchemeEvents.TicketReceivedAsync);
        events.OnRedirectToIdentityProviderForSignOut = EventSteps.Around(
            events.OnRedirectToIdentityProviderForSignOut, SchemeEvents.RedirectToProviderForSignOutAsync);
        options.Events = events;
        return ValidateOptionsResult.Success;
    }
}

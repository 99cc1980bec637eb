using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.DependencyInjection;

/// <summary>Adds the steps of this package after the app's own events of an OpenID Connect scheme, and requests a refresh token.</summary>
internal sealed class OpenIdConnectSchemeSetup(UserSessionRegistry registry) : IPostConfigureOptions<OpenIdConnectOptions>
{
    public void PostConfigure(string? name, OpenIdConnectOptions options)
    {
        if (registry.FindByOpenIdConnectScheme(name) is not { } session)
        {
            return;
        }

        if (session.Options.RequireRefreshToken && !options.Scope.Contains(OpenIdConnectScope.OfflineAccess))
        {
            options.Scope.Add(OpenIdConnectScope.OfflineAccess);
        }

        if (options.EventsType is not null || options.Events is null or TokenRefreshOpenIdConnectEvents)
        {
            return;
        }

        var events = options.Events;
        var (redirect, validated, received) = (events.OnRedirectToIdentityProvider, events.OnTokenValidated, events.OnTicketReceived);
        events.OnRedirectToIdentityProvider = context => SchemeEvents.RedirectToProviderAsync(context, redirect);
        events.OnTokenValidated = context => SchemeEvents.TokenValidatedAsync(context, validated);
        events.OnTicketReceived = context => SchemeEvents.TicketReceivedAsync(context, received);
        var signOut = events.OnRedirectToIdentityProviderForSignOut;
        events.OnRedirectToIdentityProviderForSignOut = context => SchemeEvents.RedirectToProviderForSignOutAsync(context, signOut);
    }
}

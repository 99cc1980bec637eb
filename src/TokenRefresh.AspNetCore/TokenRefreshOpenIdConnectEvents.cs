using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using TokenRefresh.AspNetCore.DependencyInjection;

namespace TokenRefresh;

/// <summary>
/// The base class for your own events of an OpenID Connect scheme that has a token session. You need it only if the scheme has an
/// <see cref="AuthenticationSchemeOptions.EventsType"/>, or events that override these methods. In each override call the base
/// method last.
/// </summary>
public class TokenRefreshOpenIdConnectEvents : OpenIdConnectEvents
{
    /// <summary>Answers a script with 401, and redirects a page to the provider.</summary>
    /// <param name="context">The context of the event.</param>
    /// <returns>A task that ends when the event has been handled.</returns>
    public override Task RedirectToIdentityProvider(RedirectContext context) =>
        SchemeEvents.RedirectToProviderAsync(context, base.RedirectToIdentityProvider);

    /// <summary>Keeps the tokens of the login until every check of the login has passed.</summary>
    /// <param name="context">The context of the event.</param>
    /// <returns>A task that ends when the event has been handled.</returns>
    public override Task TokenValidated(TokenValidatedContext context) => SchemeEvents.TokenValidatedAsync(context, base.TokenValidated);

    /// <summary>Signs the token session in, before the cookie is written.</summary>
    /// <param name="context">The context of the event.</param>
    /// <returns>A task that ends when the event has been handled.</returns>
    public override Task TicketReceived(TicketReceivedContext context) => SchemeEvents.TicketReceivedAsync(context, base.TicketReceived);

    /// <summary>Tells the provider at a sign-out which login ends: it adds the id token (<c>id_token_hint</c>).</summary>
    /// <param name="context">The context of the event.</param>
    /// <returns>A task that ends when the event has been handled.</returns>
    public override Task RedirectToIdentityProviderForSignOut(RedirectContext context) =>
        SchemeEvents.RedirectToProviderForSignOutAsync(context, base.RedirectToIdentityProviderForSignOut);
}

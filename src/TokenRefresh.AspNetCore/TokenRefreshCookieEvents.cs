using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using TokenRefresh.AspNetCore.DependencyInjection;

namespace TokenRefresh;

/// <summary>
/// The base class for your own events of a cookie scheme that has a token session. You need it only if the scheme has an
/// <see cref="AuthenticationSchemeOptions.EventsType"/>, or events that override these methods. In each override call the base
/// method last.
/// </summary>
public class TokenRefreshCookieEvents : CookieAuthenticationEvents
{
    /// <summary>Rejects the cookie if its login has ended.</summary>
    /// <param name="context">The context of the event.</param>
    /// <returns>A task that ends when the event has been handled.</returns>
    public override Task ValidatePrincipal(CookieValidatePrincipalContext context) =>
        SchemeEvents.ValidatePrincipalAsync(context, base.ValidatePrincipal);

    /// <summary>Lets the cookie be renewed only if its login is still alive when the response starts.</summary>
    /// <param name="context">The context of the event.</param>
    /// <returns>A task that ends when the event has been handled.</returns>
    public override Task CheckSlidingExpiration(CookieSlidingExpirationContext context) =>
        SchemeEvents.CheckSlidingExpirationAsync(context, base.CheckSlidingExpiration);

    /// <summary>Keeps tokens out of the cookie.</summary>
    /// <param name="context">The context of the event.</param>
    /// <returns>A task that ends when the event has been handled.</returns>
    public override Task SigningIn(CookieSigningInContext context) => SchemeEvents.SigningInAsync(context, base.SigningIn);

    /// <summary>Signs the token session out.</summary>
    /// <param name="context">The context of the event.</param>
    /// <returns>A task that ends when the event has been handled.</returns>
    public override Task SigningOut(CookieSigningOutContext context) => SchemeEvents.SigningOutAsync(context, base.SigningOut);

    /// <summary>Answers a script with 401, and redirects a page to the login page.</summary>
    /// <param name="context">The context of the event.</param>
    /// <returns>A task that ends when the event has been handled.</returns>
    public override Task RedirectToLogin(RedirectContext<CookieAuthenticationOptions> context) =>
        SchemeEvents.RedirectToLoginAsync(context, base.RedirectToLogin);

    /// <summary>Answers a script with 403, and redirects a page to <c>AccessDeniedPath</c>.</summary>
    /// <param name="context">The context of the event.</param>
    /// <returns>A task that ends when the event has been handled.</returns>
    public override Task RedirectToAccessDenied(RedirectContext<CookieAuthenticationOptions> context) =>
        SchemeEvents.RedirectToAccessDeniedAsync(context, base.RedirectToAccessDenied);
}

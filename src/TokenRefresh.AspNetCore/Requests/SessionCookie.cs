using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.Logging;
using TokenRefresh.AspNetCore.DependencyInjection;
using TokenRefresh.AspNetCore.Diagnostics;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.Requests;

/// <summary>The work of a cookie scheme's events for its sessions at each request.</summary>
internal sealed class SessionCookie(
    UserSessionRegistry registry, CookieLogins cookies, LoginChecker checker, StoreAdvice advice, ILogger<SessionCookie> logger)
{
    private const string FoundPrefix = "TokenRefresh.FoundLogins/";
    private static readonly string[] TokenNames = ["access_token", "refresh_token", "id_token"];

    /// <summary>
    /// Keeps the logins of a cookie whose principal the app's class can't have replaced yet. The handler asks for the principal's
    /// validation next.
    /// </summary>
    public void KeepLogins(CookieSlidingExpirationContext context)
    {
        if (EventTypes.HasClass(context.Options))
        {
            context.HttpContext.Items[FoundPrefix + context.Scheme.Name] = registry.FindLogins(context.Scheme.Name, context.Principal);
        }
    }

    /// <summary>Finds the logins of the cookie. It is called before the app's own event, which may replace the principal.</summary>
    /// <returns>The logins, and the principal that has them; <see langword="null"/> if that isn't known.</returns>
    public async ValueTask<(ClaimsPrincipal? Principal, IReadOnlyList<(UserSession Session, LoginKey Login)> Logins)> FindLoginsAsync(
        CookieValidatePrincipalContext context)
    {
        if (context.Principal is null || !EventTypes.HasClass(context.Options))
        {
            return (context.Principal, registry.FindLogins(context.Scheme.Name, context.Principal));
        }

        // The app's class may have replaced the principal before it calls the base method, also with one of another browser's request.
        return context.HttpContext.Items.Remove(FoundPrefix + context.Scheme.Name, out var found)
            ? (null, (IReadOnlyList<(UserSession, LoginKey)>)found!)
            : (null, await cookies.FindAllAsync(context.HttpContext, context.Scheme.Name).ConfigureAwait(false));
    }

    /// <summary>Rejects the cookie of a login that has ended.</summary>
    /// <remarks>
    /// The cookie isn't deleted: this response could arrive after a new login in another tab, and delete the cookie of that login.
    /// </remarks>
    /// <param name="context">The context of the event.</param>
    /// <param name="before">The principal that the logins were found in.</param>
    /// <param name="logins">The logins of the cookie.</param>
    public async Task ValidateAsync(
        CookieValidatePrincipalContext context, ClaimsPrincipal? before, IReadOnlyList<(UserSession Session, LoginKey Login)> logins)
    {
        foreach (var (session, login) in logins)
        {
            if (context.Principal is null)
            {
                return;
            }

            switch (await checker.CheckAsync(session, login, context.HttpContext.RequestAborted).ConfigureAwait(false))
            {
                case LoginStatus.Ended:
                    Log.CookieRejected(logger, session.Name, advice.For(session));
                    context.RejectPrincipal();
                    return;
                case LoginStatus.Unknown:
                    Log.CookieNotChecked(logger, session.Name);
                    break;
            }
        }

        if (context.Principal is { } principal && principal != before && principal.Identities.Any(identity => identity.IsAuthenticated))
        {
            RestoreLogins(context, logins);
        }
    }

    // The app replaced the principal with another one of the same user. That may be one of another browser's request.
    private void RestoreLogins(CookieValidatePrincipalContext context, IReadOnlyList<(UserSession Session, LoginKey Login)> logins)
    {
        foreach (var session in registry.OfCookieScheme(context.Scheme.Name))
        {
            var login = logins.FirstOrDefault(known => known.Session == session).Login;
            if (context.Principal is { } principal && SessionClaims.Find(principal, session) != login)
            {
                context.ReplacePrincipal(
                    login is null ? SessionClaims.Detach(principal, session) : SessionClaims.Attach(principal, session, login));
            }
        }
    }

    /// <summary>Removes the tokens from the ticket that becomes the cookie, because they are in the session.</summary>
    public void RemoveTokens(CookieSigningInContext context)
    {
        if (context.Principal is null || registry.FindLogins(context.Scheme.Name, context.Principal).Count == 0)
        {
            return;
        }

        var tokens = context.Properties.GetTokens().ToArray();
        if (tokens.Length > 0)
        {
            context.Properties.StoreTokens(tokens.Where(token => !TokenNames.Contains(token.Name, StringComparer.Ordinal)));
        }
    }

    /// <summary>Whether a script is to get a status instead of a redirect to a page.</summary>
    public bool IsScript(RedirectContext<CookieAuthenticationOptions> context) =>
        !RequestKind.IsPage(context.Request) && registry.OfCookieScheme(context.Scheme.Name).Any();
}

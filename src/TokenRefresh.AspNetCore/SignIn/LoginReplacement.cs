using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using TokenRefresh.AspNetCore.Diagnostics;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.SignIn;

/// <summary>Signs out the login that a browser had before a new one, so that no session is left without a cookie.</summary>
internal sealed class LoginReplacement(UserSessionRegistry registry, SessionChanges changes, ILogger<LoginReplacement> logger)
{
    private const string NotePrefix = "TokenRefresh.Replaces/";

    /// <summary>
    /// Notes the browser's logins in the state parameter, which the provider returns. The state is encrypted and bound to this browser.
    /// </summary>
    public void Note(AuthenticationProperties properties, ClaimsPrincipal user, UserSession session)
    {
        foreach (var other in registry.OfCookieScheme(session.CookieScheme))
        {
            if (SessionClaims.Find(user, other) is { } login)
            {
                properties.Items[NotePrefix + other.Name] = login.SessionKey;
            }
        }
    }

    /// <summary>Signs out the logins that were noted and those of the request's cookie, except the new login's own session.</summary>
    /// <exception cref="TokenRefreshException">The store can't be written: the new login must not begin.</exception>
    public async Task SignOutAsync(HttpContext context, AuthenticationProperties? properties, UserSession session, LoginKey newLogin)
    {
        var cookie = await context.AuthenticateAsync(session.CookieScheme).ConfigureAwait(false);
        foreach (var other in registry.OfCookieScheme(session.CookieScheme))
        {
            string? noted = null;
            properties?.Items.Remove(NotePrefix + other.Name, out noted);
            var current = SessionClaims.Find(cookie.Principal, other)?.SessionKey;
            foreach (var key in new[] { noted, current }.Distinct(StringComparer.Ordinal))
            {
                if (key is not null && (other.Name != session.Name || key != newLogin.SessionKey))
                {
                    await changes.SignOutAsync(other, key).ConfigureAwait(false);
                    Log.LoginReplaced(logger, other.Name);
                }
            }
        }
    }
}

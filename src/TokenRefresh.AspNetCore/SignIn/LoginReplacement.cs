using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using TokenRefresh.AspNetCore.Diagnostics;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.SignIn;

/// <summary>Signs out the login that a browser had before a new one, so that no session is left without a cookie.</summary>
internal sealed class LoginReplacement(
    UserSessionRegistry registry, CookieLogins cookies, SessionChanges changes, ILogger<LoginReplacement> logger)
{
    private const string NotePrefix = "TokenRefresh.Replaces/";

    /// <summary>
    /// Notes the browser's logins in the state parameter, which the provider returns. The state is encrypted and bound to this browser.
    /// </summary>
    public async Task NoteAsync(HttpContext context, AuthenticationProperties properties, UserSession session)
    {
        // The request's user may be that of another scheme.
        foreach (var (other, login) in await cookies.FindAliveAsync(context, session.CookieScheme!).ConfigureAwait(false))
        {
            properties.Items[NotePrefix + other.Name] = login.SessionKey;
        }
    }

    /// <summary>
    /// Signs out the logins that were noted and those of the request's cookie, except those that the new cookie will hold.
    /// </summary>
    /// <exception cref="TokenRefreshException">The store can't be written: the new login must not begin.</exception>
    public async Task SignOutAsync(
        HttpContext context, AuthenticationProperties? properties, UserSession session, LoginKey newLogin, ClaimsPrincipal newUser)
    {
        var logins = await cookies.FindAliveAsync(context, session.CookieScheme!).ConfigureAwait(false);
        foreach (var other in registry.OfCookieScheme(session.CookieScheme))
        {
            string? noted = null;
            properties?.Items.Remove(NotePrefix + other.Name, out noted);
            var current = logins.FirstOrDefault(login => login.Session == other).Login?.SessionKey;
            var kept = other.Name == session.Name ? newLogin.SessionKey : SessionClaims.Find(newUser, other)?.SessionKey;
            foreach (var key in new[] { noted, current }.Distinct(StringComparer.Ordinal))
            {
                if (key is not null && key != kept)
                {
                    await changes.SignOutAsync(other, key).ConfigureAwait(false);
                    Log.LoginReplaced(logger, other.Name);
                }
            }
        }
    }
}

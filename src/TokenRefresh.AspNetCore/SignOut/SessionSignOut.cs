using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.Logging;
using TokenRefresh.AspNetCore.Diagnostics;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.SignOut;

/// <summary>Signs the sessions of a cookie out when the cookie is deleted.</summary>
internal sealed class SessionSignOut(
    CookieLogins cookies, TokenSessions sessions, SessionChanges changes, ILogger<SessionSignOut> logger)
{
    public async Task SignOutAsync(CookieSigningOutContext context)
    {
        foreach (var (session, login) in await cookies.FindAliveAsync(context.HttpContext, context.Scheme.Name).ConfigureAwait(false))
        {
            IdTokenHint.Keep(context.HttpContext, session, sessions[session.Name, login.SessionKey].Tokens?.IdentityToken);
            try
            {
                await changes.SignOutAsync(session, login.SessionKey).ConfigureAwait(false);
            }
            catch (TokenRefreshException e)
            {
                // The cookie is still deleted. After that no request can find the saved tokens.
                Log.SignOutNotSaved(logger, session.Name, e.Message);
            }
        }
    }
}

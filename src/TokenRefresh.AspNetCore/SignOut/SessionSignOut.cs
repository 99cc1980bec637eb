using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.Logging;
using TokenRefresh.AspNetCore.Diagnostics;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.SignOut;

/// <summary>Signs the sessions of a cookie out when the cookie is deleted.</summary>
internal sealed class SessionSignOut(
    UserSessionRegistry registry, TokenSessions sessions, SessionChanges changes, ILogger<SessionSignOut> logger)
{
    public async Task SignOutAsync(CookieSigningOutContext context)
    {
        var ticket = await context.HttpContext.AuthenticateAsync(context.Scheme.Name).ConfigureAwait(false);
        foreach (var session in registry.OfCookieScheme(context.Scheme.Name))
        {
            if (SessionClaims.Find(ticket.Principal, session) is not { } login)
            {
                continue;
            }

            IdTokenHint.Keep(context.HttpContext, session, sessions[session.Name, login.SessionKey].IdentityToken);
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

using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.SignOut;

/// <summary>
/// Names the login to the provider at a sign-out (OpenID Connect RP-Initiated Logout 1.0, section 2). The session ends before the user is
/// sent there, so its id token waits in the request.
/// </summary>
internal sealed class IdTokenHint(UserSessionRegistry registry, TokenSessions sessions)
{
    private const string KeyPrefix = "TokenRefresh.IdTokenHint/";

    public static void Keep(HttpContext context, UserSession session, string? idToken)
    {
        if (idToken is not null)
        {
            context.Items[KeyPrefix + session.Name] = idToken;
        }
    }

    public void Attach(RedirectContext context)
    {
        if (registry.FindByOpenIdConnectScheme(context.Scheme.Name) is not { } session || context.Handled)
        {
            return;
        }

        // The app may also sign out of the provider first: then the session is still there.
        var kept = context.HttpContext.Items[KeyPrefix + session.Name] as string;
        context.ProtocolMessage.IdTokenHint ??= kept ?? Find(context.HttpContext, session);
    }

    private string? Find(HttpContext context, UserSession session) =>
        SessionClaims.Find(context.User, session) is { } login ? sessions[session.Name, login.SessionKey].IdentityToken : null;
}

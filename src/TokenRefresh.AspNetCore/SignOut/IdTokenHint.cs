using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.SignOut;

/// <summary>
/// Sends the id token to the provider at a sign-out (OpenID Connect RP-Initiated Logout 1.0, section 2). The session ends before the user
/// is redirected, so its id token is kept in the request.
/// </summary>
internal sealed class IdTokenHint(UserSessionRegistry registry, TokenSessions sessions)
{
    private const string KeyPrefix = "TokenRefresh.IdTokenHint/";

    public static void Keep(HttpContext context, UserSession session, string? idToken) =>
        context.Items[KeyPrefix + session.Name] = idToken;

    /// <summary>Whether the request has signed this session out.</summary>
    public static bool IsKept(HttpContext context, UserSession session) => context.Items.ContainsKey(KeyPrefix + session.Name);

    public void Attach(RedirectContext context)
    {
        if (registry.FindByOpenIdConnectScheme(context.Scheme.Name) is not { Options.KeepIdToken: true } session || context.Handled)
        {
            return;
        }

        // If the app signs out at the provider first, the session still has the id token.
        var kept = context.HttpContext.Items[KeyPrefix + session.Name] as string;
        context.ProtocolMessage.IdTokenHint ??= kept ?? Find(context.HttpContext, session);
    }

    private string? Find(HttpContext context, UserSession session) =>
        SessionClaims.Find(context.User, session) is { } login ? sessions[session.Name, login.SessionKey].Tokens?.IdentityToken : null;
}

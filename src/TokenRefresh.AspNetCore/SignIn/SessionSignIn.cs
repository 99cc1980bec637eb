using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using TokenRefresh.AspNetCore.Diagnostics;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.SignIn;

/// <summary>Signs a user in with tokens of the app.</summary>
internal sealed class SessionSignIn(
    UserSessionRegistry registry,
    LoginReplacement replacement,
    SessionChanges changes,
    TokenSessions sessions,
    ILogger<SessionSignIn> logger)
{
    public async Task<TokenSession> SignInAsync(
        HttpContext context,
        string name,
        ClaimsPrincipal principal,
        TokenSet tokens,
        AuthenticationProperties? properties,
        CancellationToken cancellationToken)
    {
        var session = registry.Get(name);
        if (tokens.RefreshToken is null && session.Options.RequireRefreshToken)
        {
            throw new InvalidOperationException(
                $"The tokens for session '{name}' have no refresh token. Request one (scope offline_access), "
                + "or set RequireRefreshToken = false: then a login ends with its access token.");
        }

        var login = session.Options.Scope == UserTokenScope.PerUser ? LoginKey.OfUser(FindUserId(principal, name)) : LoginKey.NewRandom();
        SessionClaims.RequireAuthenticated(principal);
        await replacement.SignOutAsync(context, properties, session, login, principal).ConfigureAwait(false);
        login = await changes.SignInAsync(session, login, tokens, cancellationToken).ConfigureAwait(false);
        var tokenSession = sessions[name, login.SessionKey];
        try
        {
            var user = SessionClaims.Attach(principal, session, login);
            await context.SignInAsync(session.CookieScheme, user, properties).ConfigureAwait(false);
        }
        catch when (session.Options.Scope == UserTokenScope.PerLogin)
        {
            // No cookie was written, so no request can find these tokens. A session that the user's browsers share stays.
            await changes.SignOutAsync(session, login.SessionKey).ConfigureAwait(false);
            throw;
        }

        Log.UserSignedIn(logger, name, session.CookieScheme!);
        return tokenSession;
    }

    private static string FindUserId(ClaimsPrincipal principal, string name) =>
        principal.FindFirst("sub")?.Value ?? principal.FindFirst(ClaimTypes.NameIdentifier)?.Value ?? throw new ArgumentException(
            $"Session '{name}' is shared by the browsers of a user, and the principal has no user id. "
            + "Add a claim ClaimTypes.NameIdentifier or 'sub'.",
            nameof(principal));
}

using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.SignIn;

/// <summary>Signs the session of a login in.</summary>
internal sealed class LoginStart(TokenSessions sessions, TimeProvider time)
{
    /// <returns>The login's key for the cookie.</returns>
    /// <exception cref="TokenRefreshException">The store can't be read or written. Nothing has changed.</exception>
    public async Task<LoginKey> SignInAsync(UserSession session, LoginKey login, TokenSet tokens, CancellationToken cancellationToken)
    {
        var tokenSession = sessions[session.Name, login.SessionKey];
        if (session.Options.Scope == UserTokenScope.PerUser)
        {
            return await SharedLogin.SignInAsync(tokenSession, login, tokens, time, cancellationToken).ConfigureAwait(false);
        }

        await tokenSession.SignInAsync(tokens, cancellationToken).ConfigureAwait(false);
        return login;
    }
}

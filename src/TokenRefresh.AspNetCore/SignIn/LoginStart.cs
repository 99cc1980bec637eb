using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.SignIn;

/// <summary>Signs the session of a login in.</summary>
internal sealed class LoginStart(TokenSessions sessions)
{
    /// <returns>The login's key for the cookie.</returns>
    /// <exception cref="TokenRefreshException">The store can't be written. Nothing has changed.</exception>
    public async Task<LoginKey> SignInAsync(UserSession session, LoginKey login, TokenSet tokens, CancellationToken cancellationToken)
    {
        var saved = await sessions[session.Name, login.SessionKey].SaveAsync(tokens, cancellationToken).ConfigureAwait(false);
        return login with { Period = saved.Period };
    }
}

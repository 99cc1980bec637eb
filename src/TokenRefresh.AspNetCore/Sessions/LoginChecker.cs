using TokenRefresh.AspNetCore.BackChannelLogout;

namespace TokenRefresh.AspNetCore.Sessions;

/// <summary>Checks whether the session of a login still has tokens.</summary>
internal sealed class LoginChecker(TokenSessions sessions, SessionChanges changes, LogoutRecords records)
{
    /// <summary>
    /// Checks the session in memory. It reads the store only if the session has no tokens, or if
    /// <see cref="TokenRefreshOptions.RecheckInterval"/> is over.
    /// </summary>
    public async ValueTask<LoginStatus> CheckAsync(UserSession session, LoginKey login, CancellationToken cancellationToken)
    {
        var tokens = sessions[session.Name, login.SessionKey];
        if (await records.IsEndedAsync(session, login, cancellationToken).ConfigureAwait(false))
        {
            return await EndAsync(session, login, cancellationToken).ConfigureAwait(false);
        }

        await tokens.RecheckAsync(cancellationToken).ConfigureAwait(false);

        // Periods only grow, so the store has no news for a cookie of an earlier one.
        return tokens.Tokens is { } current
            ? StatusOf(current, login)
            : await LoadAsync(tokens, login, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Always reads the store, because another node may have signed the login out.</summary>
    public async Task<LoginStatus> CheckStoreAsync(UserSession session, LoginKey login, CancellationToken cancellationToken)
    {
        var tokens = sessions[session.Name, login.SessionKey];
        return await records.IsEndedAsync(session, login, cancellationToken).ConfigureAwait(false)
            ? await EndAsync(session, login, cancellationToken).ConfigureAwait(false)
            : await LoadAsync(tokens, login, cancellationToken).ConfigureAwait(false);
    }

    // The provider ended this login by a token that didn't name its session. The session may have the tokens of a later login.
    private async ValueTask<LoginStatus> EndAsync(UserSession session, LoginKey login, CancellationToken cancellationToken)
    {
        var tokens = sessions[session.Name, login.SessionKey];
        try
        {
            if (tokens.Tokens is null)
            {
                await tokens.LookIntoStoreAsync(cancellationToken).ConfigureAwait(false);
            }

            if (tokens.Tokens is { } current && login.IsInPeriodOf(current))
            {
                await changes.SignOutAsync(session, login.SessionKey).ConfigureAwait(false);
            }
        }
        catch (TokenRefreshException)
        {
            // The session is signed out in this process, and the cookie is always rejected.
        }

        return LoginStatus.Ended;
    }

    private static async ValueTask<LoginStatus> LoadAsync(TokenSession tokens, LoginKey login, CancellationToken cancellationToken)
    {
        try
        {
            // Also where the session is known to be signed out: another node may have signed the same login in.
            await tokens.LookIntoStoreAsync(cancellationToken).ConfigureAwait(false);
            return tokens.Tokens is { } current ? StatusOf(current, login) : LoginStatus.Ended;
        }
        catch (TokenRefreshException)
        {
            return LoginStatus.Unknown;
        }
    }

    private static LoginStatus StatusOf(TokenSet tokens, LoginKey login) =>
        login.IsInPeriodOf(tokens) ? LoginStatus.Alive : LoginStatus.Ended;
}

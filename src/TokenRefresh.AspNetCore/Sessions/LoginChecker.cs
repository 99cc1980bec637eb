using TokenRefresh.AspNetCore.BackChannelLogout;

namespace TokenRefresh.AspNetCore.Sessions;

/// <summary>Finds out whether the session of a login still has tokens.</summary>
internal sealed class LoginChecker(TokenSessions sessions, LogoutRecords records)
{
    /// <summary>
    /// Looks at the session in memory, and reads the store only if no tokens are there or <see cref="TokenRefreshOptions.RecheckInterval"/>
    /// is over.
    /// </summary>
    public async ValueTask<LoginStatus> CheckAsync(UserSession session, LoginKey login, CancellationToken cancellationToken)
    {
        var tokens = sessions[session.Name, login.SessionKey];
        if (await records.IsEndedAsync(session, login, cancellationToken).ConfigureAwait(false))
        {
            return await SignOutAsync(tokens).ConfigureAwait(false);
        }

        await tokens.RecheckAsync(cancellationToken).ConfigureAwait(false);

        if (StatusOf(tokens, login) == LoginStatus.Alive)
        {
            return LoginStatus.Alive;
        }

        // The store decides, if it answers: another node may have signed the user in since this node looked.
        var isOfOtherPeriod = tokens.State == TokenSessionState.SignedIn;
        var status = await LoadAsync(tokens, login, cancellationToken).ConfigureAwait(false);
        return status == LoginStatus.Unknown && isOfOtherPeriod ? LoginStatus.Ended : status;
    }

    /// <summary>Reads the store in any case: another node may have signed the login out.</summary>
    public async Task<LoginStatus> CheckStoreAsync(UserSession session, LoginKey login, CancellationToken cancellationToken)
    {
        var tokens = sessions[session.Name, login.SessionKey];
        return await records.IsEndedAsync(session, login, cancellationToken).ConfigureAwait(false)
            ? await SignOutAsync(tokens).ConfigureAwait(false)
            : await LoadAsync(tokens, login, cancellationToken).ConfigureAwait(false);
    }

    // The provider ended this login by a token that didn't name its session.
    private static async ValueTask<LoginStatus> SignOutAsync(TokenSession tokens)
    {
        try
        {
            await tokens.SignOutAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (TokenRefreshException)
        {
            // It is signed out in this process, and the cookie is rejected in any case.
        }

        return LoginStatus.Ended;
    }

    private static async ValueTask<LoginStatus> LoadAsync(TokenSession tokens, LoginKey login, CancellationToken cancellationToken)
    {
        try
        {
            // Also where the session is known to be signed out: another node may have signed the same login in.
            await tokens.LookIntoStoreAsync(cancellationToken).ConfigureAwait(false);
            return StatusOf(tokens, login);
        }
        catch (TokenRefreshException)
        {
            return LoginStatus.Unknown;
        }
    }

    private static LoginStatus StatusOf(TokenSession tokens, LoginKey login) =>
        tokens.Tokens is { } current && SharedLogin.Includes(current, login) ? LoginStatus.Alive : LoginStatus.Ended;
}

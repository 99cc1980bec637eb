using TokenRefresh.AspNetCore.BackChannelLogout;

namespace TokenRefresh.AspNetCore.Sessions;

/// <summary>Finds out whether the session of a login still has tokens.</summary>
internal sealed class LoginChecker(TokenSessions sessions, LogoutRecords records)
{
    /// <summary>Looks at the session in memory, and reads the store only if no tokens are there.</summary>
    public ValueTask<LoginStatus> CheckAsync(UserSession session, LoginKey login, CancellationToken cancellationToken)
    {
        var tokens = sessions[session.Name, login.SessionKey];
        var isEnded = records.IsEndedAsync(session, login, cancellationToken);
        return isEnded is { IsCompletedSuccessfully: true, Result: false } && tokens.State == TokenSessionState.SignedIn
            ? new ValueTask<LoginStatus>(LoginStatus.Alive)
            : LookAsync(tokens, isEnded, cancellationToken);
    }

    private static async ValueTask<LoginStatus> LookAsync(TokenSession tokens, ValueTask<bool> isEnded, CancellationToken cancellationToken)
    {
        if (await isEnded.ConfigureAwait(false))
        {
            return await SignOutAsync(tokens).ConfigureAwait(false);
        }

        return tokens.State == TokenSessionState.SignedIn ? LoginStatus.Alive : await LoadAsync(tokens, cancellationToken).ConfigureAwait(false);
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

    private static async ValueTask<LoginStatus> LoadAsync(TokenSession tokens, CancellationToken cancellationToken)
    {
        try
        {
            var token = await tokens.GetAccessTokenAsync(cancellationToken).ConfigureAwait(false);
            return token is null ? LoginStatus.Ended : LoginStatus.Alive;
        }
        catch (TokenRefreshException e)
        {
            return e.Failure == TokenRefreshFailure.ReLoginRequired ? LoginStatus.Ended : LoginStatus.Unknown;
        }
    }
}

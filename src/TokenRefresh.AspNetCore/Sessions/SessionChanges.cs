namespace TokenRefresh.AspNetCore.Sessions;

/// <summary>Signs sessions in and out for requests. A store that doesn't answer delays a request by five seconds at most.</summary>
internal sealed class SessionChanges(TokenSessions sessions, StoreLimit limit)
{
    /// <returns>The login's key for the cookie.</returns>
    /// <exception cref="TokenRefreshException">The store can't be written. Nothing has changed.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async Task<LoginKey> SignInAsync(UserSession session, LoginKey login, TokenSet tokens, CancellationToken cancellationToken)
    {
        var changed = sessions[session.Name, login.SessionKey];
        var saved = await RunAsync(token => changed.SaveAsync(tokens, token), cancellationToken).ConfigureAwait(false);
        return login with { Period = saved.Period };
    }

    /// <summary>Signs out. If the browser closes the connection, the sign-out still completes.</summary>
    /// <exception cref="TokenRefreshException">The session is signed out here, but the store can't be written.</exception>
    public Task SignOutAsync(UserSession session, string sessionKey)
    {
        var changed = sessions[session.Name, sessionKey];
        return RunAsync(
            async token =>
            {
                await changed.SignOutAsync(token).ConfigureAwait(false);
                return true;
            },
            CancellationToken.None);
    }

    private async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> change, CancellationToken cancellationToken)
    {
        try
        {
            return await limit.RunAsync(change, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException e)
        {
            throw new TokenRefreshException(TokenRefreshFailure.Transient, e.Message);
        }
    }
}

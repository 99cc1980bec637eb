using Microsoft.Extensions.Logging;
using TokenRefresh.AspNetCore.Diagnostics;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.BackChannelLogout;

/// <summary>Ends the logins that a valid logout token names.</summary>
internal sealed class ProviderLogout(
    TokenSessions sessions, LogoutRecords records, StoreLimit limit, ILogger<ProviderLogout> logger)
{
    /// <returns><see langword="false"/> if the token was used before. Then nothing happens.</returns>
    /// <exception cref="TokenRefreshException">The store can't be read or written. The provider must send the token again.</exception>
    public async Task<bool> TryEndAsync(UserSession session, LogoutToken token)
    {
        try
        {
            // One limit covers all calls, because a provider doesn't wait long. They aren't cancelled if the provider closes the
            // connection.
            return await limit.RunAsync(end => TryEndAsync(session, token, end), CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not TokenRefreshException)
        {
            throw new TokenRefreshException(TokenRefreshFailure.Transient, $"the token store failed with {e.GetType().Name}.");
        }
    }

    private async Task<bool> TryEndAsync(UserSession session, LogoutToken token, CancellationToken cancellationToken)
    {
        var tokenId = LoginKey.HashLogoutToken(token.Issuer, token.ClientId, token.Id);
        if (await records.IsTokenUsedAsync(session, tokenId, cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        // The token is marked as used after its logins have ended. If the store fails in between, the provider can send the token again.
        await EndAsync(session, token, cancellationToken).ConfigureAwait(false);
        await records.MarkTokenUsedAsync(session, tokenId, cancellationToken).ConfigureAwait(false);
        Log.BackChannelLogout(logger, session.Name);
        return true;
    }

    private async Task EndAsync(UserSession session, LogoutToken token, CancellationToken cancellationToken)
    {
        if (FindKey(session, token) is { } key)
        {
            await sessions[session.Name, key].SignOutAsync(cancellationToken).ConfigureAwait(false);
        }

        // Without a sid all logins of the user end. Their keys have a sid in them, or are random, so only the record finds them.
        // With sub and sid the key was computed above, and the record is for the other nodes.
        var hash = token.SessionId is null
            ? LoginKey.HashSubject(token.Issuer, token.ClientId, token.Subject!)
            : LoginKey.HashProviderSession(token.Issuer, token.ClientId, token.SessionId);
        await records.EndAsync(session, hash, token.IssuedAt, cancellationToken).ConfigureAwait(false);
    }

    private static string? FindKey(UserSession session, LogoutToken token)
    {
        if (token.Subject is null)
        {
            return null;
        }

        return session.Options.Scope == UserTokenScope.PerUser ? LoginKey.OfProviderUser(token.Issuer, token.ClientId, token.Subject)
            : token.SessionId is null ? null
            : LoginKey.OfProviderSession(token.Issuer, token.ClientId, token.Subject, token.SessionId);
    }
}

using Microsoft.Extensions.Logging;
using TokenRefresh.AspNetCore.Diagnostics;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.BackChannelLogout;

/// <summary>Ends the logins that a valid logout token names.</summary>
internal sealed class ProviderLogout(TokenSessions sessions, LogoutRecords records, ILogger<ProviderLogout> logger)
{
    /// <returns><see langword="false"/>: the token was used before, and nothing happens.</returns>
    /// <exception cref="TokenRefreshException">The store can't be written. The provider is to send the token again.</exception>
    public async Task<bool> TryEndAsync(UserSession session, LogoutToken token)
    {
        var tokenId = LoginKey.HashLogoutToken(token.Issuer, token.ClientId, token.Id);
        if (!records.TryUse(tokenId))
        {
            return false;
        }

        try
        {
            await EndAsync(session, token).ConfigureAwait(false);
        }
        catch
        {
            records.Forget(tokenId);
            throw;
        }

        Log.BackChannelLogout(logger, session.Name);
        return true;
    }

    private async Task EndAsync(UserSession session, LogoutToken token)
    {
        if (FindKey(session, token) is { } key)
        {
            await sessions[session.Name, key].SignOutAsync(CancellationToken.None).ConfigureAwait(false);
        }

        if (token.SessionId is null)
        {
            // All logins of the user. Their keys have a sid in them, or are random: each one is found when its cookie arrives.
            records.End(LoginKey.HashSubject(token.Issuer, token.ClientId, token.Subject!), token.IssuedAt);
        }
        else if (token.Subject is null)
        {
            records.End(LoginKey.HashProviderSession(token.Issuer, token.ClientId, token.SessionId), token.IssuedAt);
        }
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

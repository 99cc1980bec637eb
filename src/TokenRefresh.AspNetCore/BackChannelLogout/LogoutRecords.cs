using System.Collections.Concurrent;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.BackChannelLogout;

/// <summary>
/// What logout tokens said that no session key can be computed from: which users and provider sessions ended, and when by the provider's
/// clock. And which tokens have been used.
/// </summary>
internal sealed class LogoutRecords(TimeProvider time)
{
    /// <summary>How long a token's <c>jti</c> is remembered: longer than <c>iat</c> may be away.</summary>
    private static readonly TimeSpan TokenMemory = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, long> _ended = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _usedTokens = new(StringComparer.Ordinal);

    /// <summary>Whether the provider ended this login after it issued the id token. Both times are the provider's own.</summary>
    public bool IsEnded(LoginKey login) =>
        !_ended.IsEmpty && (IsEnded(login.Subject, login.IssuedAt) || IsEnded(login.ProviderSession, login.IssuedAt));

    /// <summary>
    /// The key of a login that begins now. The provider's clock has whole seconds: a login in the very second of a logout is taken for a
    /// later one, because its code was redeemed after the logout arrived.
    /// </summary>
    public LoginKey Begin(LoginKey login) => IsEnded(login) && !IsEnded(login with { IssuedAt = login.IssuedAt + 1 })
        ? login with { IssuedAt = login.IssuedAt + 1 }
        : login;

    public void End(string hash, long issuedAt) => _ended.AddOrUpdate(hash, issuedAt, (_, known) => Math.Max(known, issuedAt));

    /// <returns><see langword="false"/>: the token was used before.</returns>
    public bool TryUse(string tokenId)
    {
        var now = time.GetUtcNow();
        foreach (var (known, until) in _usedTokens)
        {
            if (until <= now)
            {
                _usedTokens.TryRemove(known, out _);
            }
        }

        return _usedTokens.TryAdd(tokenId, now + TokenMemory);
    }

    /// <summary>Forgets a token whose logout failed, so that the provider can send it again.</summary>
    public void Forget(string tokenId) => _usedTokens.TryRemove(tokenId, out _);

    private bool IsEnded(string? hash, long issuedAt) => hash is not null && _ended.TryGetValue(hash, out var ended) && issuedAt <= ended;
}

using System.Collections.Concurrent;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.BackChannelLogout;

/// <summary>
/// The logouts whose session keys can't be computed from the logout token: which users and provider sessions ended, and when by the
/// provider's clock. It also knows which logout tokens have been used.
/// </summary>
internal sealed class LogoutRecords(LogoutStore store, StoreLimit limit, TimeProvider time) : IDisposable
{
    // It is longer than the iat of a token may differ from the current time.
    private static readonly TimeSpan TokenMemory = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan IdleTime = TimeSpan.FromMinutes(30);

    private readonly ConcurrentDictionary<(string Session, string Hash), LoginEnd> _ends = new();
    private readonly ConcurrentDictionary<string, DateTimeOffset> _usedTokens = new(StringComparer.Ordinal);
    private long _sweptAt = time.GetTimestamp();

    /// <summary>Whether the app accepts logout tokens. Otherwise no request reads these records.</summary>
    public bool IsUsed { get; set; }

    /// <summary>Whether the provider ended this login after it issued the id token. Both times are the provider's own.</summary>
    public ValueTask<bool> IsEndedAsync(UserSession session, LoginKey login, CancellationToken cancellationToken)
    {
        if (!IsUsed || login is { Subject: null, ProviderSession: null })
        {
            return new ValueTask<bool>(false);
        }

        var subject = Find(session, login.Subject);
        var providerSession = Find(session, login.ProviderSession);
        return MustBeRead(subject) || MustBeRead(providerSession)
            ? ReadAsync(subject, providerSession, login.IssuedAt, cancellationToken)
            : new ValueTask<bool>(IsEnded(subject, login.IssuedAt) || IsEnded(providerSession, login.IssuedAt));
    }

    /// <summary>
    /// The key of a login that begins now. The provider's clock has whole seconds: a login in the very second of a logout is taken for a
    /// later one, because its code was redeemed after the logout arrived.
    /// </summary>
    public async Task<LoginKey> BeginAsync(UserSession session, LoginKey login, CancellationToken cancellationToken)
    {
        var next = login with { IssuedAt = login.IssuedAt + 1 };
        return await IsEndedAsync(session, login, cancellationToken).ConfigureAwait(false)
            && !await IsEndedAsync(session, next, cancellationToken).ConfigureAwait(false) ? next : login;
    }

    /// <summary>Ends the logins of a user or a provider session that were issued until then.</summary>
    public async Task EndAsync(UserSession session, string hash, long issuedAt, CancellationToken cancellationToken)
    {
        await store.WriteEndAsync(session.Name, hash, issuedAt, cancellationToken).ConfigureAwait(false);
        GetOrAdd(session, hash).Raise(issuedAt);
    }

    public async Task<bool> IsTokenUsedAsync(UserSession session, string tokenId, CancellationToken cancellationToken) =>
        (_usedTokens.TryGetValue(tokenId, out var until) && until > time.GetUtcNow())
        || await store.IsUsedAsync(session.Name, tokenId, cancellationToken).ConfigureAwait(false);

    public async Task MarkTokenUsedAsync(UserSession session, string tokenId, CancellationToken cancellationToken)
    {
        await store.MarkUsedAsync(session.Name, tokenId, TokenMemory, cancellationToken).ConfigureAwait(false);
        var now = time.GetUtcNow();
        foreach (var known in _usedTokens.Where(known => known.Value <= now))
        {
            _usedTokens.TryRemove(known);
        }

        _usedTokens[tokenId] = now + TokenMemory;
    }

    public void Dispose()
    {
        foreach (var end in _ends.Values)
        {
            end.Dispose();
        }
    }

    private static bool MustBeRead(LoginEnd? end) => end?.MustBeRead == true;

    private static bool IsEnded(LoginEnd? end, long issuedAt) => end?.Seconds is > 0 and var seconds && issuedAt <= seconds;

    private static async ValueTask<bool> ReadAsync(
        LoginEnd? subject, LoginEnd? providerSession, long issuedAt, CancellationToken cancellationToken)
    {
        // At once: a store that doesn't answer is waited for once.
        var reads = new[] { subject, providerSession }.Where(MustBeRead).Select(end => end!.ReadAsync(cancellationToken));
        await Task.WhenAll(reads).ConfigureAwait(false);
        return IsEnded(subject, issuedAt) || IsEnded(providerSession, issuedAt);
    }

    // Without a store, this node knows only the logouts that it received itself. There is nothing to look up.
    private LoginEnd? Find(UserSession session, string? hash)
    {
        if (hash is null)
        {
            return null;
        }

        if (!store.Exists(session.Name))
        {
            return _ends.GetValueOrDefault((session.Name, hash));
        }

        var end = GetOrAdd(session, hash);
        if (end is { MustBeRead: false, IsOld: true })
        {
            _ = end.ReadAsync(CancellationToken.None);
        }

        return end;
    }

    private LoginEnd GetOrAdd(UserSession session, string hash)
    {
        Sweep();
        var end = _ends.GetOrAdd((session.Name, hash), key => new LoginEnd(store, limit, key.Session, key.Hash, time));
        end.UsedAt = time.GetTimestamp();
        return end;
    }

    // A record that is in a store can be removed here. It is read again for a cookie that needs it.
    private void Sweep()
    {
        var last = Interlocked.Read(ref _sweptAt);
        if (time.GetElapsedTime(last) < IdleTime || Interlocked.CompareExchange(ref _sweptAt, time.GetTimestamp(), last) != last)
        {
            return;
        }

        foreach (var known in _ends)
        {
            if (store.Exists(known.Key.Session) && time.GetElapsedTime(known.Value.UsedAt) >= IdleTime && _ends.TryRemove(known))
            {
                known.Value.Dispose();
            }
        }
    }
}

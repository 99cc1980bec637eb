using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.AspNetCore.BackChannelLogout;

/// <summary>
/// Keeps records of logouts in the store of a session name, so that all nodes know of a logout that the provider sent to one of them.
/// Without a store there is one node, and nothing to share.
/// </summary>
internal sealed class LogoutStore(IServiceProvider provider)
{
    // A cookie that is older than this has expired, or was seen since.
    private static readonly TimeSpan KeepLogoutsFor = TimeSpan.FromDays(30);
    private const int MaxAttempts = 10;
    private readonly ConcurrentDictionary<string, bool> _exists = new(StringComparer.Ordinal);

    /// <summary>When the provider ended the logins of this hash, in seconds by its clock; 0 if it didn't.</summary>
    public async Task<long> ReadEndAsync(string session, string hash, CancellationToken cancellationToken)
    {
        if (FindLeavable(session) is not { } store)
        {
            return 0;
        }

        return ReadSeconds(await store.ReadAsync(EndKey(session, hash), cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Writes when the logins of this hash ended, unless a later end is there.</summary>
    public async Task WriteEndAsync(string session, string hash, long seconds, CancellationToken cancellationToken)
    {
        if (FindLeavable(session) is not { } store)
        {
            return;
        }

        var (key, text) = (EndKey(session, hash), seconds.ToString(CultureInfo.InvariantCulture));
        var known = await store.ReadAsync(key, cancellationToken).ConfigureAwait(false);
        for (var attempt = 1; ReadSeconds(known) < seconds; attempt++)
        {
            if (attempt > MaxAttempts)
            {
                throw new IOException("The record of a logout couldn't be written, because other nodes changed it each time.");
            }

            known = await store.CompareExchangeAsync(key, text, known?.Revision, KeepLogoutsFor, cancellationToken).ConfigureAwait(false);
        }
    }

    public async Task<bool> IsUsedAsync(string session, string tokenId, CancellationToken cancellationToken) =>
        FindLeavable(session) is { } store
        && await store.ReadAsync(TokenKey(session, tokenId), cancellationToken).ConfigureAwait(false) is not null;

    public async Task MarkUsedAsync(string session, string tokenId, TimeSpan keepFor, CancellationToken cancellationToken)
    {
        if (FindLeavable(session) is { } store)
        {
            var key = TokenKey(session, tokenId);
            await store.CompareExchangeAsync(key, "used", expectedRevision: null, keepFor, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Calls back when another node writes an end of this hash, if the store can notify.</summary>
    public IDisposable? Subscribe(string session, string hash, Action changed) =>
        Find(session) is ITokenStoreNotifications store ? store.Subscribe(EndKey(session, hash), _ => changed()) : null;

    /// <summary>Whether the session has a store. It is called at each request, so it doesn't create the store.</summary>
    public bool Exists(string session) => _exists.GetOrAdd(session, IsRegistered);

    private bool IsRegistered(string session) => provider.GetService<IServiceProviderIsKeyedService>() is { } services
        && (services.IsKeyedService(typeof(ITokenStore), session) || services.IsService(typeof(ITokenStore)));

    private LeavableStore? FindLeavable(string session) => Find(session) is { } store ? new LeavableStore(store) : null;

    private ITokenStore? Find(string session) => provider.GetKeyedService<ITokenStore>(session) ?? provider.GetService<ITokenStore>();

    // No session has such a key: session keys are hashes or random, without a slash.
    private static TokenSessionKey EndKey(string session, string hash) => new(session, "logout/" + hash);

    private static TokenSessionKey TokenKey(string session, string tokenId) => new(session, "logout-token/" + tokenId);

    private static long ReadSeconds(StoredRecord? record) =>
        record is { } found && long.TryParse(found.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : 0;
}

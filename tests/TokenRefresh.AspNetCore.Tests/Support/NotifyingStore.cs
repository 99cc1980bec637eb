using System.Collections.Concurrent;
using TokenRefresh.Testing;

namespace TokenRefresh.AspNetCore.Tests.Support;

/// <summary>A store that notifies of changes at once, and whose reads can be held back.</summary>
internal sealed class NotifyingStore : ITokenStore, ITokenStoreNotifications
{
    private readonly MemoryTokenStore _records = new();
    private readonly ConcurrentDictionary<TokenSessionKey, Action<string?>> _subscriptions = new();

    /// <summary>What reads wait for; <see langword="null"/>: nothing.</summary>
    public Gate? Reads { get; set; }

    public async ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken)
    {
        if (Reads is { } gate)
        {
            await gate.PassAsync(cancellationToken);
        }

        return await _records.ReadAsync(key, cancellationToken);
    }

    public async ValueTask<StoredRecord?> CompareExchangeAsync(
        TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken)
    {
        var stored = await _records.CompareExchangeAsync(key, text, expectedRevision, keepFor, cancellationToken);
        if (_subscriptions.TryGetValue(key, out var changed))
        {
            changed(stored?.Revision);
        }

        return stored;
    }

    public ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken) =>
        _records.WaitForChangeAsync(key, revision, timeout, cancellationToken);

    public IDisposable Subscribe(TokenSessionKey key, Action<string?> changed)
    {
        _subscriptions[key] = changed;
        return new CancellationTokenSource();
    }
}

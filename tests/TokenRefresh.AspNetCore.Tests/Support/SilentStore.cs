using TokenRefresh.Testing;

namespace TokenRefresh.AspNetCore.Tests.Support;

/// <summary>A store that can stop answering. It ignores the cancellation of its calls.</summary>
internal sealed class SilentStore : ITokenStore
{
    private readonly MemoryTokenStore _records = new();

    /// <summary>Reads of which keys have no answer.</summary>
    public Predicate<TokenSessionKey> IsSilent { get; set; } = _ => false;

    /// <summary>Whether writes have no answer.</summary>
    public bool IgnoresWrites { get; set; }

    /// <summary>The calls without an answer.</summary>
    public Gate Unanswered { get; set; } = new();

    public async ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken)
    {
        if (IsSilent(key))
        {
            await Unanswered.PassAsync(CancellationToken.None);
        }

        return await _records.ReadAsync(key, cancellationToken);
    }

    public async ValueTask<StoredRecord?> CompareExchangeAsync(
        TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken)
    {
        if (IgnoresWrites)
        {
            await Unanswered.PassAsync(CancellationToken.None);
        }

        return await _records.CompareExchangeAsync(key, text, expectedRevision, keepFor, cancellationToken);
    }

    public ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken) =>
        _records.WaitForChangeAsync(key, revision, timeout, cancellationToken);
}

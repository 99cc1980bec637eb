using TokenRefresh.Testing;

namespace TokenRefresh.AspNetCore.Tests.Support;

/// <summary>A store whose reads can stop answering. It ignores their cancellation.</summary>
internal sealed class SilentStore : ITokenStore
{
    private readonly MemoryTokenStore _records = new();

    /// <summary>Which keys have no answer.</summary>
    public Predicate<TokenSessionKey> IsSilent { get; set; } = _ => false;

    /// <summary>The reads without an answer.</summary>
    public Gate Unanswered { get; } = new();

    public async ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken)
    {
        if (IsSilent(key))
        {
            await Unanswered.PassAsync(CancellationToken.None);
        }

        return await _records.ReadAsync(key, cancellationToken);
    }

    public ValueTask<StoredRecord?> CompareExchangeAsync(
        TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken) =>
        _records.CompareExchangeAsync(key, text, expectedRevision, keepFor, cancellationToken);

    public ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken) =>
        _records.WaitForChangeAsync(key, revision, timeout, cancellationToken);
}

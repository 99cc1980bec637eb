namespace TokenRefresh.AspNetCore.Tests.Support;

/// <summary>A store that can be away.</summary>
internal sealed class RemoteStore : ITokenStore
{
    private readonly MemoryTokenStore _records = new();

    public bool IsAway { get; set; }

    /// <summary>The reads of a session's tokens, also those without an answer.</summary>
    public int ReadsOfTokens { get; private set; }

    private MemoryTokenStore Records => IsAway ? throw new IOException("The store is away.") : _records;

    public ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken)
    {
        ReadsOfTokens += key.UserKey!.Contains('/', StringComparison.Ordinal) ? 0 : 1;
        return Records.ReadAsync(key, cancellationToken);
    }

    public ValueTask<StoredRecord?> CompareExchangeAsync(
        TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken) =>
        Records.CompareExchangeAsync(key, text, expectedRevision, keepFor, cancellationToken);

    public ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken) =>
        Records.WaitForChangeAsync(key, revision, timeout, cancellationToken);
}

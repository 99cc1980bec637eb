namespace TokenRefresh.AspNetCore.Tests.Support;

/// <summary>A store that can be away.</summary>
internal sealed class RemoteStore : ITokenStore
{
    private readonly MemoryTokenStore _records = new();

    public bool IsAway { get; set; }

    private MemoryTokenStore Records => IsAway ? throw new IOException("The store is away.") : _records;

    public ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken) => Records.ReadAsync(key, cancellationToken);

    public ValueTask<StoredRecord?> CompareExchangeAsync(
        TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken) =>
        Records.CompareExchangeAsync(key, text, expectedRevision, keepFor, cancellationToken);

    public ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken) =>
        Records.WaitForChangeAsync(key, revision, timeout, cancellationToken);
}

using TokenRefresh.Testing;

namespace TokenRefresh.AspNetCore.Tests.Support;

/// <summary>A store that can hold one write back.</summary>
internal sealed class HeldWrites : ITokenStore
{
    private readonly MemoryTokenStore _records = new();
    private Gate? _next;

    /// <summary>Holds the next write that replaces a record, until the gate opens.</summary>
    public Gate HoldNext() => _next = new Gate();

    public ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken) =>
        _records.ReadAsync(key, cancellationToken);

    public async ValueTask<StoredRecord?> CompareExchangeAsync(
        TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken)
    {
        if (expectedRevision is not null && Interlocked.Exchange(ref _next, null) is { } gate)
        {
            await gate.PassAsync(cancellationToken);
        }

        return await _records.CompareExchangeAsync(key, text, expectedRevision, keepFor, cancellationToken);
    }

    public ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken) =>
        _records.WaitForChangeAsync(key, revision, timeout, cancellationToken);
}

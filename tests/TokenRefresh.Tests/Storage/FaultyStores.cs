using TokenRefresh.Storage;

namespace TokenRefresh.Tests.Storage;

/// <summary>A store that loses answers, stalls, goes away, or wakes at once.</summary>
internal sealed class FaultyStore(TimeProvider time) : ITokenStore
{
    private readonly MemoryTokenStore _records = new(time);
    private bool _answersAreLost;
    private int _writesAfterStall;

    public bool IsAway { get; set; }

    public bool ReturnsNothing { get; set; }

    /// <summary>Writes stand at the gate, and ignore cancellation.</summary>
    public bool IsStalled { get; set; }

    public Gate Stall { get; } = new();

    public int WritesAfterStall => Volatile.Read(ref _writesAfterStall);

    /// <summary>Makes a write whose answer is lost.</summary>
    public async Task LoseAnswerAsync(Func<Task> write)
    {
        _answersAreLost = true;
        await Assert.ThrowsAsync<StoreException>(write);
        _answersAreLost = false;
    }

    public async Task DamageAsync(string text) => await _records.CompareExchangeAsync(LoginProcess.Key, text, null, null, default);

    public ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken) =>
        IsAway ? throw new IOException("The store is away.") : _records.ReadAsync(key, cancellationToken);

    public async ValueTask<StoredRecord?> CompareExchangeAsync(
        TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken)
    {
        if (IsAway)
        {
            throw new IOException("The store is away.");
        }

        var isStalled = IsStalled;
        if (isStalled)
        {
            await Stall.PassAsync(CancellationToken.None);
        }

        var stored = await _records.CompareExchangeAsync(key, text, expectedRevision, keepFor, CancellationToken.None);
        if (isStalled)
        {
            Interlocked.Increment(ref _writesAfterStall);
        }

        return _answersAreLost ? throw new IOException("The connection was cut.") : ReturnsNothing ? null : stored;
    }

    public ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken) => default;
}

/// <summary>A store that blocks its caller's thread.</summary>
internal sealed class BlockingStore : ITokenStore, IDisposable
{
    private readonly ManualResetEventSlim _end = new();

    public Gate Blocked { get; } = new();

    public void Dispose() => _end.Set();

    public ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken)
    {
        _ = Blocked.PassAsync(CancellationToken.None);
        _end.Wait(CancellationToken.None);
        return default;
    }

    public ValueTask<StoredRecord?> CompareExchangeAsync(
        TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken) =>
        ReadAsync(key, cancellationToken);

    public ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken) => default;
}

/// <summary>A store whose lock comes when a gate opens, and ignores cancellation.</summary>
internal sealed class LateLockStore : ITokenStore, ITokenStoreLock
{
    private readonly MemoryTokenStore _records = new();
    private int _disposed;

    public Gate Locks { get; } = new();

    public bool IsAway { get; set; }

    public int Disposed => Volatile.Read(ref _disposed);

    public ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken) => _records.ReadAsync(key, cancellationToken);

    public ValueTask<StoredRecord?> CompareExchangeAsync(
        TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken) =>
        IsAway ? throw new IOException("The store is away.") : _records.CompareExchangeAsync(key, text, expectedRevision, keepFor, cancellationToken);

    public ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken) => default;

    public async ValueTask<IDisposable?> TryLockAsync(TokenSessionKey key, CancellationToken cancellationToken)
    {
        await Locks.PassAsync(CancellationToken.None);
        return new Held(this);
    }

    private sealed class Held(LateLockStore store) : IDisposable
    {
        public void Dispose() => Interlocked.Increment(ref store._disposed);
    }
}

/// <summary>A store that always has another record in the way.</summary>
internal sealed class RestlessStore : ITokenStore
{
    private int _writes;

    public int Writes => _writes;

    public ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken) => new(New());

    public ValueTask<StoredRecord?> CompareExchangeAsync(
        TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken)
    {
        _writes++;
        return new ValueTask<StoredRecord?>(New());
    }

    public ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken) => default;

    private StoredRecord New() => new(
        """{"tokenrefresh":2,"state":"SignedIn","login":"a","version":5,"hash":"BD473E5DCDCE2510","tokens":"{\"v\":1,\"access\":\"access-1\",\"refresh\":\"refresh-1\"}"}""",
        $"{_writes}",
        TimeSpan.Zero);
}

/// <summary>A protector whose key can be lost.</summary>
internal sealed class LosableKey : ITokenProtector
{
    public bool IsLost { get; set; }

    public string Protect(TokenSessionKey key, string plaintext) => IsLost
        ? throw new InvalidOperationException("key material")
        : Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(plaintext));

    public string Unprotect(TokenSessionKey key, string protectedText) => IsLost
        ? throw new InvalidOperationException("key material")
        : System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(protectedText));
}

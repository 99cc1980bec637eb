using System.Collections.Concurrent;
using TokenRefresh.Storage;

namespace TokenRefresh.TestKit;

/// <summary>What a write to a store is for.</summary>
public enum StoreWriteKind
{
    /// <summary>A process takes the lease.</summary>
    Acquire,

    /// <summary>The tokens of a refresh.</summary>
    Save,

    /// <summary>A lease is given up without new tokens.</summary>
    Release,

    /// <summary>The login has ended.</summary>
    End,

    /// <summary>A new login.</summary>
    SignIn,

    /// <summary>The user signs out.</summary>
    SignOut,

    /// <summary>A process writes back what the store has lost.</summary>
    WriteBack,
}

/// <summary>One write to a store, and what it is for.</summary>
public sealed record StoreWrite(StoreWriteKind Kind, TokenSessionKey Key, string Text, string? ExpectedRevision, TimeSpan? KeepFor);

/// <summary>A store around another one, for a test to interfere with some of its operations.</summary>
/// <param name="inner">The store that does the work; one in memory, if <see langword="null"/>.</param>
public abstract class StoreAround(ITokenStore? inner = null) : ITokenStore
{
    private readonly ITokenStore _inner = inner ?? new MemoryTokenStore();
    private readonly ConcurrentDictionary<TokenSessionKey, LoginRecord> _last = new();

    /// <summary>Every operation that isn't overridden goes to this store.</summary>
    protected virtual ITokenStore Inner => _inner;

    public virtual async ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken) =>
        Remember(key, await Inner.ReadAsync(key, cancellationToken));

    public ValueTask<StoredRecord?> CompareExchangeAsync(
        TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken) =>
        WriteAsync(new StoreWrite(KindOf(key, text, expectedRevision), key, text, expectedRevision, keepFor), cancellationToken);

    public virtual ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken) =>
        Inner.WaitForChangeAsync(key, revision, timeout, cancellationToken);

    /// <summary>Every write comes by here.</summary>
    protected virtual async ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken) =>
        Remember(write.Key, await Inner.CompareExchangeAsync(write.Key, write.Text, write.ExpectedRevision, write.KeepFor, cancellationToken));

    private StoredRecord? Remember(TokenSessionKey key, StoredRecord? stored)
    {
        if (stored is { } record && LoginRecordText.TryRead(record.Text) is { } login)
        {
            _last[key] = login;
        }

        return stored;
    }

    private StoreWriteKind KindOf(TokenSessionKey key, string text, string? expectedRevision)
    {
        var next = LoginRecordText.Read(text);
        var last = _last.TryGetValue(key, out var known) ? known : LoginRecord.Vacant;
        return next switch
        {
            { Lease: not null } => StoreWriteKind.Acquire,
            { State: LoginState.SignedOut } => StoreWriteKind.SignOut,
            { State: LoginState.Ended } => StoreWriteKind.End,
            { State: LoginState.None } => StoreWriteKind.Release,
            _ when next.LoginId != last.LoginId || next.Version > last.Version + 1 => StoreWriteKind.SignIn,
            _ when next.Version == last.Version + 1 => StoreWriteKind.Save,
            _ when next.Version == last.Version && last.Lease is not null && expectedRevision is not null => StoreWriteKind.Release,
            _ => StoreWriteKind.WriteBack,
        };
    }
}

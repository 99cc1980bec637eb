using Microsoft.Coyote.Specifications;
using TokenRefresh.Storage;
using TokenRefresh.Testing;

namespace TokenRefresh.Schedules;

/// <summary>A store that takes its time, may fail to save, and watches its versions.</summary>
internal sealed class WatchedStore(TimeProvider time) : ITokenStore
{
    private MemoryTokenStore _inner = new MemoryTokenStore(time);
    private readonly HashSet<string> _saved = [];
    private long _version;

    /// <summary>How many saves fail from now on.</summary>
    public int FailingSaves { get; set; }

    /// <summary>Whether a failing save has reached the store all the same.</summary>
    public bool FailsAfterSaving { get; set; }

    public void LoseAll()
    {
        _inner = new MemoryTokenStore(time);
        _version = 0;
    }

    public bool HasSaved(string accessToken) => _saved.Contains(accessToken);

    /// <summary>What the store holds, read at once.</summary>
    public LoginRecord? Peek(TokenSessionKey key) =>
        _inner.ReadAsync(key, default).AsTask().Result is { } stored ? LoginRecordText.Read(stored.Text) : null;

    public async ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken)
    {
        await Task.Yield();
        return await _inner.ReadAsync(key, cancellationToken);
    }

    public async ValueTask<StoredRecord?> CompareExchangeAsync(
        TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken)
    {
        await Task.Yield();
        var record = LoginRecordText.Read(text);
        var isSave = record is { State: LoginState.SignedIn, Lease: null } && record.Version > _version;
        var isFailing = isSave && FailingSaves-- > 0;
        if (isFailing && !FailsAfterSaving)
        {
            throw new IOException("The disk is full.");
        }

        var stored = await _inner.CompareExchangeAsync(key, text, expectedRevision, keepFor, cancellationToken);
        if (stored?.Text == text)
        {
            Specification.Assert(record.Version >= _version, "The store's version went back.");
            _version = record.Version;
            if (record.Tokens is { } tokens)
            {
                _saved.Add(new TokenCodec(key, protector: null).Read(tokens).AccessToken);
            }
        }

        await Task.Yield();
        return isFailing ? throw new IOException("The answer was lost.") : stored;
    }

    public ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken) =>
        _inner.WaitForChangeAsync(key, revision, timeout, cancellationToken);
}

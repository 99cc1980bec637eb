using System.Collections.Concurrent;
using TokenRefresh.Storage;

namespace TokenRefresh;

/// <summary>
/// The base class of a store for an app that runs as one process at a time. Derive from it for anything that can read, write and remove a
/// text by name: a keychain, <c>SecureStorage</c>, a settings table. Use one object for all sessions of the process.
/// </summary>
/// <remarks>
/// The three abstract methods are called one at a time. They may throw; the session then doesn't use the refresh token. If
/// <see cref="ReadTextAsync"/> throws or the text is damaged, the next sign-in replaces the text, and the next sign-out removes it. If the
/// app is killed during a refresh, the next start refreshes without waiting for the killed process.
/// </remarks>
public abstract class LocalTokenStore : ITokenStore, ITokenStoreLock
{
    private const string UnreadableRevision = "unreadable";
    private const int CleanUpAbove = 64;
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    // Held across the read and the write of one step.
    private readonly SemaphoreSlim _step = new(1, 1);

    // A sign-out removes the text, so its mark is kept here. A refresh that is running must find the mark.
    private readonly Dictionary<TokenSessionKey, StoredText> _signOuts = [];
    private readonly ConcurrentDictionary<TokenSessionKey, bool> _locked = new();
    private readonly TimeProvider _time;

    /// <summary>Creates the store.</summary>
    /// <param name="timeProvider">The store's clock, or <see langword="null"/> for the system's.</param>
    protected LocalTokenStore(TimeProvider? timeProvider = null) => _time = timeProvider ?? TimeProvider.System;

    /// <inheritdoc/>
    public async ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken)
    {
        using var step = await BeginStepAsync(cancellationToken).ConfigureAwait(false);
        return await FindAsync(key, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<StoredRecord?> CompareExchangeAsync(
        TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken)
    {
        Require.NotNull(text, nameof(text));
        using var step = await BeginStepAsync(cancellationToken).ConfigureAwait(false);
        var (current, isUnreadable) = await FindToReplaceAsync(key, expectedRevision, cancellationToken).ConfigureAwait(false);
        if (current?.Revision != expectedRevision)
        {
            return current;
        }

        var now = _time.GetUtcNow();
        var next = StoredText.New(text, keepFor, now);
        try
        {
            await WriteAsync(key, next, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception) when (isUnreadable && !cancellationToken.IsCancellationRequested)
        {
            // Some keychains can't overwrite a text that they can't read. They can remove it.
            await RemoveTextAsync(key, cancellationToken).ConfigureAwait(false);
            await WriteAsync(key, next, cancellationToken).ConfigureAwait(false);
        }

        return next.ToRecord(now);
    }

    /// <inheritdoc/>
    public async ValueTask WaitForChangeAsync(
        TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken) =>
        await _time.Delay(PollInterval < timeout ? PollInterval : timeout, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask<IDisposable?> TryLockAsync(TokenSessionKey key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new ValueTask<IDisposable?>(_locked.TryAdd(key, true) ? new OnDispose(() => _locked.TryRemove(key, out _)) : null);
    }

    /// <summary>Reads the text of a session.</summary>
    /// <param name="key">The session. The name of its text must be unambiguous: ("a:b", "c") and ("a", "b:c") are two sessions.</param>
    /// <param name="cancellationToken">Cancels the operation. It may be ignored.</param>
    /// <returns>The text as it was written; <see langword="null"/> or an empty text if there is none.</returns>
    protected abstract ValueTask<string?> ReadTextAsync(TokenSessionKey key, CancellationToken cancellationToken);

    /// <summary>Writes the text of a session. It replaces an earlier text.</summary>
    /// <param name="key">The session.</param>
    /// <param name="text">The text. It has line breaks.</param>
    /// <param name="cancellationToken">Cancels the operation. It may be ignored.</param>
    /// <returns>A task that completes when the whole text is written.</returns>
    protected abstract ValueTask WriteTextAsync(TokenSessionKey key, string text, CancellationToken cancellationToken);

    /// <summary>Removes the text of a session, if there is one.</summary>
    /// <param name="key">The session.</param>
    /// <param name="cancellationToken">Cancels the operation. It may be ignored.</param>
    /// <returns>A task that completes when the text is removed.</returns>
    protected abstract ValueTask RemoveTextAsync(TokenSessionKey key, CancellationToken cancellationToken);

    private async Task<OnDispose> BeginStepAsync(CancellationToken cancellationToken)
    {
        await _step.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new OnDispose(() => _step.Release());
    }

    private async ValueTask<StoredRecord?> FindAsync(TokenSessionKey key, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        if (await ReadTextAsync(key, cancellationToken).ConfigureAwait(false) is { Length: > 0 } text)
        {
            return StoredText.Read(text) is not { } stored ? new StoredRecord(text, UnreadableRevision, TimeSpan.Zero)
                : stored.IsExpired(now) ? null
                : stored.ToRecord(now);
        }

        return _signOuts.TryGetValue(key, out var signOut) && !signOut.IsExpired(now) ? signOut.ToRecord(now) : null;
    }

    private async ValueTask<(StoredRecord? Current, bool IsUnreadable)> FindToReplaceAsync(
        TokenSessionKey key, string? expectedRevision, CancellationToken cancellationToken)
    {
        try
        {
            return (await FindAsync(key, cancellationToken).ConfigureAwait(false), false);
        }
        catch (Exception) when (expectedRevision is null && !cancellationToken.IsCancellationRequested)
        {
            // A restored keychain may throw at each read. Only a sign-in or sign-out writes here without an expected record, so it may
            // replace the text.
            return (null, true);
        }
    }

    private async ValueTask WriteAsync(TokenSessionKey key, StoredText next, CancellationToken cancellationToken)
    {
        if (LoginRecordText.TryRead(next.Text) is { State: LoginState.SignedOut })
        {
            await RemoveTextAsync(key, cancellationToken).ConfigureAwait(false);
            Remember(key, next);
            return;
        }

        await WriteTextAsync(key, next.Write(), cancellationToken).ConfigureAwait(false);
        _signOuts.Remove(key);
    }

    private void Remember(TokenSessionKey key, StoredText signOut)
    {
        if (_signOuts.Count >= CleanUpAbove)
        {
            foreach (var old in _signOuts.Where(old => old.Value.IsExpired(signOut.WrittenAt)).ToList())
            {
                _signOuts.Remove(old.Key);
            }
        }

        _signOuts[key] = signOut;
    }
}

using System;
using System.Collections.Concurrent;
using System.Threading;
using System.Threading.Tasks;
using TokenRefresh.Storage;

namespace TokenRefresh;

/// <summary>
/// A store over anything that can read, write and remove a text by name (a keychain, <c>SecureStorage</c>, a settings table), for an app
/// that runs in one process at a time.
/// </summary>
/// <param name="timeProvider">The store's clock, or <see langword="null"/> for the system's.</param>
#pragma warning disable RS0022 // It is there to be derived from; only its base isn't.
public abstract class SingleProcessTokenStore(TimeProvider? timeProvider = null) : RecordTokenStore(timeProvider)
#pragma warning restore RS0022
{
    // Held across the read and the write of one step, so that a sign-out and a late commit can't pass each other.
    private readonly SemaphoreSlim _step = new(1, 1);
    private readonly ConcurrentDictionary<TokenSessionKey, TokenRecord> _tombstones = new();

    /// <summary>Reads the text of a session, or <see langword="null"/> where there is none.</summary>
    protected abstract ValueTask<string?> ReadTextAsync(TokenSessionKey key, CancellationToken cancellationToken);

    /// <summary>Writes the text of a session; it is there, whole, when the task completes.</summary>
    protected abstract ValueTask WriteTextAsync(TokenSessionKey key, string text, CancellationToken cancellationToken);

    /// <summary>Removes the text of a session, if it is there.</summary>
    protected abstract ValueTask RemoveTextAsync(TokenSessionKey key, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public override async ValueTask WaitForChangeAsync(TokenSessionKey key, long version, TimeSpan atMost, CancellationToken cancellationToken) =>
        await Time.Delay(PollInterval < atMost ? PollInterval : atMost, cancellationToken).ConfigureAwait(false);

    private protected static TimeSpan PollInterval => TimeSpan.FromMilliseconds(50);

    private protected override async ValueTask<TokenStoreAnswer> StepAsync(TokenSessionKey key, RecordStep step, CancellationToken cancellationToken)
    {
        await _step.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var text = await ReadTextAsync(key, cancellationToken).ConfigureAwait(false);
            var record = text is not null ? RecordText.Read(text) : _tombstones.TryGetValue(key, out var tombstone) ? tombstone : null;
            var (next, answer) = step(record, Time.GetUtcNow());
            if (next is null || ReferenceEquals(next, record))
            {
                return answer;
            }

            if (next.End is { SignedOut: true })
            {
                // Nothing of a login stays where it was saved; what a refresh under way must find lives as long as the process.
                await RemoveTextAsync(key, cancellationToken).ConfigureAwait(false);
                _tombstones[key] = next;
                return answer;
            }

            await WriteTextAsync(key, RecordText.Write(next), cancellationToken).ConfigureAwait(false);
            _tombstones.TryRemove(key, out _);
            return answer;
        }
        finally
        {
            _step.Release();
        }
    }
}

namespace TokenRefresh;

/// <summary>
/// Keeps one record for each session, and writes it by compare-and-swap. The store doesn't interpret the record's text; the rules of a
/// shared login are in this library.
/// </summary>
/// <remarks>
/// <para>
/// Any database or key-value service that can write conditionally can be a store. For an app that runs as one process, derive from
/// <see cref="LocalTokenStore"/> instead. A store may also implement <see cref="ITokenStoreNotifications"/> and
/// <see cref="ITokenStoreLock"/>. The package TokenRefresh.Testing has tests of the rules that every store must keep.
/// </para>
/// <para>
/// The members are called concurrently, also for one key. An operation that can't be carried out may throw any exception. The session then
/// doesn't use the refresh token. The session also expects that an operation that threw may have taken effect. Throw
/// <see cref="TokenStoreConfigurationException"/> if waiting doesn't help.
/// </para>
/// </remarks>
public interface ITokenStore
{
    /// <summary>Reads the record of a session.</summary>
    /// <param name="key">The session.</param>
    /// <param name="cancellationToken">Cancels the operation. The session doesn't wait longer for a store that ignores it.</param>
    /// <returns>The record, or <see langword="null"/> if there is none.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken);

    /// <summary>
    /// Writes the record if its revision is still the expected one, as one atomic step. Each write gets a revision that no earlier record
    /// of this key had.
    /// </summary>
    /// <param name="key">The session.</param>
    /// <param name="text">The text to write, up to 1 MiB of UTF-8. No two writes with different meanings have the same text.</param>
    /// <param name="expectedRevision">The revision to replace, or <see langword="null"/> to write only if there is no record.</param>
    /// <param name="keepFor">
    /// How long the record is needed; the store may remove it afterwards. <see langword="null"/> means without limit.
    /// </param>
    /// <param name="cancellationToken">Cancels the operation. The session doesn't wait longer for a store that ignores it.</param>
    /// <returns>
    /// The record that is stored afterwards: the new one, or the one whose revision isn't the expected one. <see langword="null"/> if a
    /// revision was expected and there is no record: nothing is written then.
    /// </returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    ValueTask<StoredRecord?> CompareExchangeAsync(
        TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken);

    /// <summary>
    /// Waits until the revision may differ from the given one: by a notification if the store has one, by polling otherwise. The wait may
    /// end early: the session then reads the record and waits again.
    /// </summary>
    /// <param name="key">The session.</param>
    /// <param name="revision">The revision that the caller knows, or <see langword="null"/> if it knows that there is no record.</param>
    /// <param name="timeout">The longest wait.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>A task that completes after a change, or after <paramref name="timeout"/>.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken);
}

namespace TokenRefresh;

/// <summary>
/// Implemented by an <see cref="ITokenStore"/> on one machine that has a lock which the operating system frees when its process ends. The
/// process that refreshes holds it, so that the others notice at once if that process dies, and never overtake it while it is only slow.
/// </summary>
public interface ITokenStoreLock
{
    /// <summary>Tries to take the lock of a session, without waiting for another holder.</summary>
    /// <param name="key">The session.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The lock, held until it is disposed; or <see langword="null"/> if it is held already.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    ValueTask<IDisposable?> TryLockAsync(TokenSessionKey key, CancellationToken cancellationToken);
}

namespace TokenRefresh;

/// <summary>
/// Implement this on an <see cref="ITokenStore"/> for one machine if it has a lock that the operating system releases when its process
/// ends. The process that refreshes holds the lock. If that process dies, another one takes over at once. If it is only slow, the others
/// wait.
/// </summary>
public interface ITokenStoreLock
{
    /// <summary>Tries to take the lock of a session, without waiting for another holder.</summary>
    /// <param name="key">The session.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The lock, held until it is disposed; <see langword="null"/> if another holder has it.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    ValueTask<IDisposable?> TryLockAsync(TokenSessionKey key, CancellationToken cancellationToken);
}

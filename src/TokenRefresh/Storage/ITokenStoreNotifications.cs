namespace TokenRefresh;

/// <summary>
/// Implement this on an <see cref="ITokenStore"/> that can notify this process when another process has changed a record. The session then
/// reads the record, so it finds a sign-out, a new login or new tokens at once. Without notifications, a session reads the record when it
/// next needs a new token.
/// </summary>
public interface ITokenStoreNotifications
{
    /// <summary>
    /// Subscribes to changes of a session's record. Called before a session loads or saves its first tokens, on any thread. It must not
    /// block.
    /// </summary>
    /// <param name="key">The session.</param>
    /// <param name="changed">
    /// Call it when another process may have changed the record, with the new revision, or with <see langword="null"/> if the revision
    /// isn't known. It may be called on any thread, also concurrently. It doesn't block and doesn't throw. If a call is lost, the session
    /// only finds the change later.
    /// </param>
    /// <returns>The subscription. After its disposal no call begins; calls that are running may end later.</returns>
    IDisposable Subscribe(TokenSessionKey key, Action<string?> changed);
}

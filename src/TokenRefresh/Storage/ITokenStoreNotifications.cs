namespace TokenRefresh;

/// <summary>
/// Implemented by an <see cref="ITokenStore"/> that can notify this process when another one has changed a record. A session reads the
/// store then, so a sign-out, a new login or new tokens of another process are known here at once. Without notifications, a session reads
/// the store when it next needs a new token.
/// </summary>
public interface ITokenStoreNotifications
{
    /// <summary>
    /// Subscribes to changes of a session's record. Called before a session loads or saves its first tokens, on any thread. It must not
    /// block.
    /// </summary>
    /// <param name="key">The session.</param>
    /// <param name="changed">
    /// Called with the record's new revision, or <see langword="null"/> if it isn't known, when another process may have changed the
    /// record; on any thread, also concurrently. It doesn't block. A lost call costs only time.
    /// </param>
    /// <returns>The subscription. Disposing it ends the calls, except for those under way.</returns>
    IDisposable Subscribe(TokenSessionKey key, Action<string?> changed);
}

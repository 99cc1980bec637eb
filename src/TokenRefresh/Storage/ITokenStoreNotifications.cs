using System;

namespace TokenRefresh;

/// <summary>
/// Implemented by an <see cref="ITokenStore"/> that can notify this process when another one has changed a record, so that a back-channel
/// logout reaches every node of a web app at once. Sessions don't use it: they read the store when they next need a new token.
/// </summary>
public interface ITokenStoreNotifications
{
    /// <summary>Subscribes to changes of a session's record.</summary>
    /// <param name="key">The session.</param>
    /// <param name="changed">
    /// Called when the record may have changed, on any thread, also concurrently. It must not block. A lost call costs only time.
    /// </param>
    /// <returns>The subscription. Disposing it ends the calls, except for those under way.</returns>
    IDisposable Subscribe(TokenSessionKey key, Action changed);
}

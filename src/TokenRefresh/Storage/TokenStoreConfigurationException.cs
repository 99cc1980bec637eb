namespace TokenRefresh;

/// <summary>
/// The exception of a store that can't read or write tokens until something is corrected: a key, a format, permissions, a damaged record.
/// Waiting doesn't help. A session reports it as <see cref="TokenRefreshFailure.Configuration"/>, never as an ended login. Your own store
/// may throw it.
/// </summary>
/// <param name="message">What is wrong and what to do. The app gets it: it must not contain a token, a key or a user.</param>
public sealed class TokenStoreConfigurationException(string message) : Exception(message)
{
    internal static TokenStoreConfigurationException Because(string cause) => new(
        $"The saved tokens can't be read ({cause}). They were written with another key or format, or are damaged. They were left "
        + "unchanged: restore the key, or sign in again to replace them. If the key ring has got a new key, restart this process.");
}

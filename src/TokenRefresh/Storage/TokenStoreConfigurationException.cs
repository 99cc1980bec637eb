namespace TokenRefresh;

/// <summary>
/// Saved tokens can't be read or written as things are set up: another key, another format, damage, wrong permissions. Waiting doesn't
/// help. A session reports it as <see cref="TokenRefreshFailure.Configuration"/>, never as an ended login. Your own store or protector may
/// throw it.
/// </summary>
/// <param name="message">What is wrong and what to do. The app sees it: it must not hold a token, a key or a user.</param>
public sealed class TokenStoreConfigurationException(string message) : Exception(message)
{
    internal static TokenStoreConfigurationException Because(string cause) => new(
        $"The saved tokens can't be read ({cause}). They were written with another key or format, or are damaged. They were left "
        + "unchanged: restore the key, or sign in again to replace them. If the key ring has got a new key, restart this process.");
}

using System;

namespace TokenRefresh;

/// <summary>
/// Saved tokens can't be used as they are: another key, another format, damage. A session that meets it reports a configuration failure,
/// never a dead login. A store or protector of your own may throw it.
/// </summary>
/// <param name="message">What is wrong and what to do. It is shown to the app: no token, no key, no user.</param>
public sealed class UnreadableTokensException(string message) : Exception(message)
{
    internal static UnreadableTokensException Because(string cause) => new(
        $"The saved tokens can't be read ({cause}). They were written with another key or format, or are damaged. They were left as they are: "
        + "restore the key, or sign out to remove them.");
}

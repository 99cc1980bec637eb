namespace TokenRefresh;

/// <summary>Encrypts tokens before they leave the process for a store.</summary>
public interface ITokenProtector
{
    /// <summary>Encrypts a text, bound to its session.</summary>
    /// <param name="key">The session: a text protected for one can't be read for another.</param>
    /// <param name="plaintext">The token set as text.</param>
    string Protect(TokenSessionKey key, string plaintext);

    /// <summary>
    /// Reads what <see cref="Protect"/> wrote. Throws any exception if it can't: that is a configuration failure, never a re-login.
    /// </summary>
    /// <param name="key">The session.</param>
    /// <param name="protectedText">The protected text.</param>
    string Unprotect(TokenSessionKey key, string protectedText);
}

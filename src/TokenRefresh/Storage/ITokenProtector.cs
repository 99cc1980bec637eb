namespace TokenRefresh;

/// <summary>Encrypts tokens before they are saved in a store, and decrypts them.</summary>
/// <remarks>
/// The members are called concurrently. If a member throws any exception, the operation fails with
/// <see cref="TokenRefreshFailure.Configuration"/>: no refresh token is used and no user is signed out. Only the type of the exception gets
/// into messages and logs.
/// </remarks>
public interface ITokenProtector
{
    /// <summary>Encrypts a text for one session.</summary>
    /// <param name="key">The session. A text that is encrypted for one session must not be readable for another.</param>
    /// <param name="plaintext">The token set as text.</param>
    /// <returns>The encrypted text.</returns>
    string Protect(TokenSessionKey key, string plaintext);

    /// <summary>Decrypts a text that <see cref="Protect"/> returned. It throws if the text can't be decrypted for this session.</summary>
    /// <param name="key">The session.</param>
    /// <param name="protectedText">The encrypted text.</param>
    /// <returns>The token set as text.</returns>
    string Unprotect(TokenSessionKey key, string protectedText);
}

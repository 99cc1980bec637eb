using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;

namespace TokenRefresh;

/// <summary>
/// Encrypts saved tokens with the app's Data Protection key ring. A text that is encrypted for one session can't be decrypted for another.
/// </summary>
/// <param name="provider">The key ring. All processes that share a login need the same one, and the same application name.</param>
public sealed class DataProtectionTokenProtector(IDataProtectionProvider provider) : ITokenProtector
{
    private const string Purpose = "TokenRefresh.Tokens.v1";

    private readonly IDataProtectionProvider _provider = provider ?? throw new ArgumentNullException(nameof(provider));

    /// <inheritdoc/>
    public string Protect(TokenSessionKey key, string plaintext) => For(key).Protect(plaintext);

    /// <inheritdoc/>
    /// <exception cref="CryptographicException">
    /// The text was encrypted with another key ring or for another session, or it is damaged.
    /// </exception>
    public string Unprotect(TokenSessionKey key, string protectedText) => For(key).Unprotect(protectedText);

    // Name and user are separate purposes: ("a:b", "c") and ("a", "b:c") get different keys.
    private IDataProtector For(TokenSessionKey key) => key.UserKey is null
        ? _provider.CreateProtector(Purpose, key.SessionName)
        : _provider.CreateProtector(Purpose, key.SessionName, key.UserKey);
}

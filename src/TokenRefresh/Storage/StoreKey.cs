using System.Security.Cryptography;
using System.Text;

namespace TokenRefresh.Storage;

/// <summary>Names a session's record by a hash: the name shows nothing of the user, is safe as a file name, and never collides.</summary>
internal static class StoreKey
{
    // Throws for a lone surrogate: a replacement character would give two users the same name.
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="TokenStoreConfigurationException">The session name or the user key isn't valid Unicode.</exception>
    public static string For(TokenSessionKey key)
    {
        // The length in front keeps ("a:b", "c") and ("a", "b:c") apart.
        var text = key.UserKey is null ? key.SessionName : $"{key.SessionName.Length}:{key.SessionName}{key.UserKey}";
        var bytes = Encode((key.UserKey is null ? "all:" : "one:") + text);
#if NET8_0_OR_GREATER
        return Convert.ToHexString(SHA256.HashData(bytes), 0, 20).ToLowerInvariant();
#else
        using var sha = SHA256.Create();
        return BitConverter.ToString(sha.ComputeHash(bytes), 0, 20).Replace("-", "").ToLowerInvariant();
#endif
    }

    private static byte[] Encode(string text)
    {
        try
        {
            return Utf8.GetBytes(text);
        }
        catch (EncoderFallbackException)
        {
            throw new TokenStoreConfigurationException(
                "The session name or the user key isn't valid Unicode (it holds half of a surrogate pair), so no record can be named by "
                + "it. Use another user key.");
        }
    }
}

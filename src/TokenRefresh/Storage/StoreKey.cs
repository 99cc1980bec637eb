using System.Text;

namespace TokenRefresh.Storage;

/// <summary>
/// Names a session's record by a hash. The name shows nothing of the user, can be a file name, and is different for each session.
/// </summary>
internal static class StoreKey
{
    // Throws for a lone surrogate: a replacement character would give two users the same name.
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="TokenStoreConfigurationException">The session name or the user key isn't valid Unicode.</exception>
    public static string For(TokenSessionKey key)
    {
        // With the length in front, ("a:b", "c") and ("a", "b:c") have different texts.
        var text = key.UserKey is null ? key.SessionName : $"{key.SessionName.Length}:{key.SessionName}{key.UserKey}";
        return Sha256.Hex(Encode((key.UserKey is null ? "all:" : "one:") + text), 20).ToLowerInvariant();
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

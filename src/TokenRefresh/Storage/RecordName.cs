using System;
using System.Security.Cryptography;
using System.Text;

namespace TokenRefresh.Storage;

/// <summary>Names a session's record by a hash: nothing of a user shows in a file name or a key, and no name leads out of its place.</summary>
internal static class RecordName
{
    public static string Of(TokenSessionKey key)
    {
        // The length in front keeps ("a:b", "c") and ("a", "b:c") apart.
        var text = key.UserKey is null ? key.SessionName : $"{key.SessionName.Length}:{key.SessionName}{key.UserKey}";
        var bytes = Encoding.UTF8.GetBytes((key.UserKey is null ? "all:" : "one:") + text);
#if NET8_0_OR_GREATER
        return Convert.ToHexString(SHA256.HashData(bytes), 0, 20).ToLowerInvariant();
#else
        using var sha = SHA256.Create();
        return BitConverter.ToString(sha.ComputeHash(bytes), 0, 20).Replace("-", "").ToLowerInvariant();
#endif
    }
}

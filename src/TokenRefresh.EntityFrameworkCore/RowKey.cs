using System.Security.Cryptography;
using System.Text;
using TokenRefresh.Storage;

namespace TokenRefresh.EntityFrameworkCore;

/// <summary>Names a session's row by a hash.</summary>
internal static class RowKey
{
    /// <exception cref="TokenStoreConfigurationException">The session name or the user key isn't valid Unicode.</exception>
    public static string For(string prefix, TokenSessionKey key)
    {
        var name = StoreKey.For(key);
        return prefix.Length == 0 ? name : Hash($"{prefix.Length}:{prefix}{name}");
    }

    /// <summary>Whether the text has no half of a surrogate pair: all halves would have the same hash.</summary>
    public static bool IsUnicode(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) == text;

    private static string Hash(string text) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)), 0, 20).ToLowerInvariant();
}

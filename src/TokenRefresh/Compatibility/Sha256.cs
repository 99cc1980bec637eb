using System.Security.Cryptography;

namespace TokenRefresh;

/// <summary>SHA-256 on all targets.</summary>
internal static class Sha256
{
    public const int Size = 32;

    /// <summary>Writes the hash, of <see cref="Size"/> bytes.</summary>
    public static void Write(ReadOnlySpan<byte> data, Span<byte> hash)
    {
#if NET8_0_OR_GREATER
        SHA256.HashData(data, hash);
#else
        using var sha = SHA256.Create();
        sha.ComputeHash(data.ToArray()).CopyTo(hash);
#endif
    }

    /// <summary>The first bytes of the hash, in uppercase hexadecimal digits.</summary>
    public static string Hex(byte[] data, int length)
    {
        var hash = new byte[Size];
        Write(data, hash);
#if NET8_0_OR_GREATER
        return Convert.ToHexString(hash, 0, length);
#else
        return BitConverter.ToString(hash, 0, length).Replace("-", "");
#endif
    }
}

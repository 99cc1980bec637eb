using System.Security.Cryptography;
using System.Text;

namespace TokenRefresh.Storage;

/// <summary>A short hash that tells two refresh tokens apart, and from which neither can be found.</summary>
internal static class TokenHash
{
    private const int Length = 8;

    /// <returns>The hash of the refresh token, or of the access token where there is no refresh token.</returns>
    public static string Of(TokenSet tokens)
    {
        var bytes = Encoding.UTF8.GetBytes(tokens.RefreshToken ?? tokens.AccessToken);
#if NET8_0_OR_GREATER
        return Convert.ToHexString(SHA256.HashData(bytes), 0, Length);
#else
        using var sha = SHA256.Create();
        return BitConverter.ToString(sha.ComputeHash(bytes), 0, Length).Replace("-", "");
#endif
    }
}

using System.Security.Cryptography;
using System.Text;

namespace TokenRefresh.Storage;

/// <summary>A short hash that distinguishes refresh tokens. The token can't be found from it.</summary>
internal static class TokenHash
{
    private const int Length = 8;

    /// <returns>The hash of the refresh token, or of the access token if there is no refresh token.</returns>
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

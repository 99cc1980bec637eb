using System.Text;

namespace TokenRefresh.Storage;

/// <summary>A short hash that distinguishes refresh tokens. The token can't be found from it.</summary>
internal static class TokenHash
{
    /// <returns>The hash of the refresh token, or of the access token if there is no refresh token.</returns>
    public static string Of(TokenSet tokens) => Sha256.Hex(Encoding.UTF8.GetBytes(tokens.RefreshToken ?? tokens.AccessToken), 8);
}

using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.IdentityModel.Tokens;

namespace TokenRefresh.AspNetCore.Tests.Support;

/// <summary>Makes logout tokens by hand, right ones and wrong ones.</summary>
internal static class LogoutTokens
{
    public const string EventName = "http://schemas.openid.net/event/backchannel-logout";

    /// <summary>The claims of a right token.</summary>
    public static Dictionary<string, object?> Claims(Provider provider, string? subject = "alice", string? sessionId = "sid-1")
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var claims = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["iss"] = provider.Address.ToString(),
            ["aud"] = Provider.ClientId,
            ["iat"] = now,
            ["exp"] = now + 120,
            ["jti"] = Guid.NewGuid().ToString(),
            ["events"] = new Dictionary<string, object>(StringComparer.Ordinal) { [EventName] = new object() },
        };
        if (subject is not null)
        {
            claims["sub"] = subject;
        }

        if (sessionId is not null)
        {
            claims["sid"] = sessionId;
        }

        return claims;
    }

    public static string Sign(
        Dictionary<string, object?> claims,
        RsaSecurityKey? key = null,
        string algorithm = "RS256",
        string? type = "logout+jwt",
        string? keyId = null,
        string secret = Provider.ClientSecret)
    {
        key ??= Provider.Key;
        var header = new Dictionary<string, object?>(StringComparer.Ordinal) { ["alg"] = algorithm, ["kid"] = keyId ?? key.KeyId };
        if (type is not null)
        {
            header["typ"] = type;
        }

        var text = Encode(header) + "." + Encode(claims);
        var data = Encoding.ASCII.GetBytes(text);
        var signature = algorithm switch
        {
            "none" => [],
            "HS256" => HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), data),
            _ => key.Rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
        };
        return text + "." + WebEncoders.Base64UrlEncode(signature);
    }

    private static string Encode(Dictionary<string, object?> part) => WebEncoders.Base64UrlEncode(JsonSerializer.SerializeToUtf8Bytes(part));
}

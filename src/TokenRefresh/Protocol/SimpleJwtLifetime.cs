using System.Text.Json;

namespace TokenRefresh.Protocol;

/// <summary>
/// How long a Simple JWT access token lives: its <c>exp</c> minus the server's clock. That clock is the response's <c>Date</c>, or else the
/// new refresh token's <c>iat</c>. It is never the access token's own <c>iat</c>, which after a rotation is the previous refresh token's.
/// </summary>
internal static class SimpleJwtLifetime
{
    private const int MaxTokenLength = 16 * 1024;

    public static TimeSpan? Read(string? accessToken, string? refreshToken, DateTimeOffset? date)
    {
        var expires = ReadSeconds(accessToken, "exp");
        var now = date?.ToUnixTimeSeconds() ?? ReadSeconds(refreshToken, "iat");
        var seconds = expires - now;
        return seconds is > 0 and < 100L * 365 * 24 * 3600 ? TimeSpan.FromSeconds(seconds.Value) : null;
    }

    // RFC 7519, section 2: NumericDate. The signature isn't checked: only the server can reject a forged token.
    private static long? ReadSeconds(string? jwt, string claim)
    {
        if (jwt is null || jwt.Length > MaxTokenLength || jwt.Split('.') is not [_, var payload, _])
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse(DecodeBase64Url(payload));
            return json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty(claim, out var value)
                && value.ValueKind == JsonValueKind.Number
                && value.TryGetDouble(out var seconds)
                && seconds is > 0 and < 253402300800
                    ? (long)seconds
                    : null;
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static byte[] DecodeBase64Url(string text)
    {
        var base64 = text.Replace('-', '+').Replace('_', '/');
        return Convert.FromBase64String(base64.PadRight(base64.Length + ((4 - (base64.Length % 4)) % 4), '='));
    }
}

using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace TokenRefresh.AspNetCore.BackChannelLogout;

/// <summary>
/// Checks the claims of a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.6). Its signature was checked before.
/// </summary>
internal static class LogoutClaims
{
    private const string EventName = "http://schemas.openid.net/event/backchannel-logout";
    private const int MaxLength = 255;
    private const double MaxSeconds = 253_402_300_800; // the end of the year 9999
    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(5);

    // "typ" is optional. Another kind of token, such as an access token, names its own kind.
    private static readonly string[] Types = ["JWT", "logout+jwt", "application/logout+jwt"];

    /// <returns>What is wrong, or <see langword="null"/> and the token.</returns>
    public static string? Read(JsonWebToken jwt, string clientId, DateTimeOffset now, out LogoutToken? token)
    {
        token = null;
        using var payload = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(jwt.EncodedPayload));
        var claims = payload.RootElement;
        if (!string.IsNullOrEmpty(jwt.Typ) && !Types.Contains(jwt.Typ, StringComparer.OrdinalIgnoreCase))
        {
            return "its type (typ) isn't that of a logout token";
        }

        if (!TryReadSeconds(claims, "iat", out var issuedAt) || (now - DateTimeOffset.FromUnixTimeSeconds(issuedAt)).Duration() > MaxAge)
        {
            return "iat is missing, or differs from the current time by more than five minutes";
        }

        if (!IsLogoutEvent(claims))
        {
            return "events has no back-channel logout event";
        }

        if (claims.TryGetProperty("nonce", out _))
        {
            return "it has a nonce";
        }

        if (!TryReadText(claims, "sub", out var subject)
            || !TryReadText(claims, "sid", out var sessionId)
            || (subject is null && sessionId is null))
        {
            return "it has neither sub nor sid, or one of them isn't text of a valid length";
        }

        if (!TryReadText(claims, "jti", out var id) || id is null)
        {
            return "jti is missing";
        }

        token = new LogoutToken(id, jwt.Issuer, clientId, subject, sessionId, issuedAt);
        return null;
    }

    // A time may have a fraction (RFC 7519, section 2).
    private static bool TryReadSeconds(JsonElement claims, string name, out long seconds)
    {
        var isTime = claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
            && value.TryGetDouble(out var number) && number is >= 0 and < MaxSeconds;
        seconds = isTime ? (long)value.GetDouble() : 0;
        return isTime;
    }

    private static bool IsLogoutEvent(JsonElement claims) =>
        claims.TryGetProperty("events", out var events)
        && events.ValueKind == JsonValueKind.Object
        && events.TryGetProperty(EventName, out var value)
        && value.ValueKind == JsonValueKind.Object;

    /// <returns>Whether the member is missing or a text of reasonable length.</returns>
    private static bool TryReadText(JsonElement claims, string name, out string? text)
    {
        text = null;
        if (!claims.TryGetProperty(name, out var value))
        {
            return true;
        }

        text = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        return text is { Length: > 0 and <= MaxLength };
    }
}

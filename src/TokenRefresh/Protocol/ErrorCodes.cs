using System.Text.Json;

namespace TokenRefresh.Protocol;

/// <summary>
/// The error codes that token endpoints send. Their case doesn't count: some servers write them in capitals. For a dead refresh token the
/// separators and the order of the words don't count either: some servers write <c>invalid-grant</c> or <c>expiredRefreshToken</c>.
/// </summary>
internal static class ErrorCodes
{
    // Longer than any code, however it is spelled.
    private const int MaxLength = 64;

    private static readonly Dictionary<string, ErrorMeaning> OAuthCodes = new(StringComparer.OrdinalIgnoreCase)
    {
        // RFC 6749, section 5.2, and the codes of Firebase, Slack, Supabase, Ory Hydra and Salesforce. invalid_code is Zoho's: it means the
        // refresh token, because no authorization code was sent. RefreshTokenStates has the codes that name the refresh token.
        ["invalid_grant"] = ErrorMeaning.LoginEnded,
        ["invalid_token"] = ErrorMeaning.LoginEnded,
        ["invalid_code"] = ErrorMeaning.LoginEnded,
        ["expired_token"] = ErrorMeaning.LoginEnded,
        ["token_expired"] = ErrorMeaning.LoginEnded,
        ["token_invalid"] = ErrorMeaning.LoginEnded,
        ["token_revoked"] = ErrorMeaning.LoginEnded,
        ["session_expired"] = ErrorMeaning.LoginEnded,
        ["session_not_found"] = ErrorMeaning.LoginEnded,
        ["token_inactive"] = ErrorMeaning.LoginEnded,
        ["account_inactive"] = ErrorMeaning.LoginEnded,
        ["inactive_user"] = ErrorMeaning.LoginEnded,
        ["user_banned"] = ErrorMeaning.LoginEnded,
        ["user_disabled"] = ErrorMeaning.LoginEnded,
        ["user_not_found"] = ErrorMeaning.LoginEnded,

        // OpenID Connect Core, section 3.1.2.6.
        ["interaction_required"] = ErrorMeaning.InteractionRequired,
        ["login_required"] = ErrorMeaning.InteractionRequired,
        ["consent_required"] = ErrorMeaning.InteractionRequired,
        ["account_selection_required"] = ErrorMeaning.InteractionRequired,

        // RFC 6749, section 4.1.2.1, and RFC 8628, section 3.5.
        ["temporarily_unavailable"] = ErrorMeaning.Transient,
        ["server_error"] = ErrorMeaning.Transient,
        ["slow_down"] = ErrorMeaning.Transient,

        // RFC 6749, sections 4.1.2.1 and 5.2.
        ["invalid_client"] = ErrorMeaning.Configuration,
        ["unauthorized_client"] = ErrorMeaning.Configuration,
        ["unsupported_grant_type"] = ErrorMeaning.Configuration,
        ["invalid_scope"] = ErrorMeaning.Configuration,
        ["invalid_request"] = ErrorMeaning.Configuration,
        ["access_denied"] = ErrorMeaning.Configuration,

        // RFC 8707, section 2. Some servers rotate the refresh token before they look at the resource.
        ["invalid_target"] = ErrorMeaning.ConfigurationAfterUse,
    };

    private static readonly HashSet<string> DeadWords = new(
        OAuthCodes.Where(code => code.Value == ErrorMeaning.LoginEnded).Select(code => Letters(code.Key)), StringComparer.Ordinal);

    private const string RefreshToken = "REFRESHTOKEN";

    // The rest of a code or a short text without the name of the refresh token: bad_refresh_token (GitHub, HubSpot),
    // refresh_token_expired, "Invalid refresh token" (Twitch).
    private static readonly HashSet<string> RefreshTokenStates = new(StringComparer.Ordinal)
    {
        "INVALID", "BAD", "EXPIRED", "REVOKED", "UNKNOWN", "INACTIVE", "REUSED", "NOTFOUND", "NOTVALID", "ALREADYUSED", "INVALIDOREXPIRED",
        "ISINVALID", "ISEXPIRED", "ISREVOKED", "ISNOTVALID", "ISINVALIDOREXPIRED", "HASEXPIRED", "HASBEENREVOKED",
    };

    /// <summary>The code that drf-standardized-errors adds to a rejection without a code.</summary>
    public const string AuthenticationFailed = "authentication_failed";

    private static readonly Dictionary<string, ErrorMeaning> SimpleJwtCodes = new(StringComparer.OrdinalIgnoreCase)
    {
        ["token_not_valid"] = ErrorMeaning.LoginEnded,
        ["no_active_account"] = ErrorMeaning.LoginEnded,
        ["password_changed"] = ErrorMeaning.LoginEnded,
        ["user_not_found"] = ErrorMeaning.LoginEnded,
        ["user_inactive"] = ErrorMeaning.LoginEnded,

        // Django REST framework's code for a rejection without a code of its own. The status decides what it means.
        [AuthenticationFailed] = ErrorMeaning.Unknown,
    };

    // These members have sentences or repeat the request. They never have a code.
    private static readonly HashSet<string> NotCodes = new(StringComparer.Ordinal)
    {
        "error_description", "error_uri", "detail", "scope", "state",
    };

    /// <summary>
    /// Finds the error code of an OAuth 2.0 response: <c>error</c>, or a known code in another member or one level deeper. Beside an
    /// access token only <c>error</c> counts.
    /// </summary>
    /// <param name="fields">The body.</param>
    /// <returns>The code as the server wrote it, and its meaning. No code: <see langword="null"/>.</returns>
    public static (string? Code, ErrorMeaning Meaning) FindOAuth(TokenFields fields)
    {
        var error = fields["error"];
        if (error is not null && IsOAuth(error, out var meaning))
        {
            return (error, meaning);
        }

        if (fields["access_token"] is not null)
        {
            return (error, ErrorMeaning.Unknown);
        }

        foreach (var (name, text) in fields.Texts())
        {
            if (!NotCodes.Contains(name) && IsOAuth(text, out meaning))
            {
                return (text, meaning);
            }
        }

        return fields.Objects("errors").Select(RejectionOfRefreshToken).FirstOrDefault(code => code is not null) is { } found
            ? (error ?? found, ErrorMeaning.LoginEnded)
            : (error, ErrorMeaning.Unknown);
    }

    /// <summary>Finds the error code of a Simple JWT response: <c>code</c>, or a known code in a <c>code</c> one level deeper.</summary>
    /// <param name="fields">The body.</param>
    /// <returns>The code as the server wrote it, and its meaning. No code: <see langword="null"/>.</returns>
    public static (string? Code, ErrorMeaning Meaning) FindSimpleJwt(TokenFields fields)
    {
        foreach (var (name, text) in fields.Texts())
        {
            if (name == "code" && SimpleJwtCodes.TryGetValue(text, out var meaning))
            {
                return (text, meaning);
            }
        }

        return (fields["code"], ErrorMeaning.Unknown);
    }

    private static bool IsOAuth(string text, out ErrorMeaning meaning)
    {
        if (OAuthCodes.TryGetValue(text, out meaning))
        {
            return true;
        }

        // A text with spaces is a sentence, such as "Invalid token" of a gateway. It counts only if it names the refresh token.
        meaning = ErrorMeaning.LoginEnded;
        var letters = Letters(text);
        var at = letters.IndexOf(RefreshToken, StringComparison.Ordinal);
        return at < 0
            ? DeadWords.Contains(letters) && text.IndexOf(' ') < 0
            : RefreshTokenStates.Contains(letters.Remove(at, RefreshToken.Length));
    }

    // Strava: {"errors":[{"resource":"RefreshToken","field":"refresh_token","code":"invalid"}]}.
    private static string? RejectionOfRefreshToken(Dictionary<string, JsonElement> error) =>
        error.TryGetValue("field", out var field)
        && Letters(TokenFields.ReadText(field)) == RefreshToken
        && error.TryGetValue("code", out var value)
        && TokenFields.ReadText(value) is { } code
        && RefreshTokenStates.Contains(Letters(code))
            ? code
            : null;

    private static string Letters(string? code) => code is null or { Length: > MaxLength }
        ? ""
        : code.Replace("_", "").Replace("-", "").Replace(" ", "").TrimEnd('.').ToUpperInvariant();

    /// <summary>What to check when the server refuses the client or its request.</summary>
    public static string AdviceFor(string? code, string option) => code?.ToUpperInvariant() switch
    {
        "INVALID_CLIENT" => "Check ClientId, ClientSecret and ClientAuthentication.",
        "UNAUTHORIZED_CLIENT" => "Check that the client is registered for this grant. "
            + "If the server means that the refresh token is dead, say so with InterpretTokenResponse.",
        "UNSUPPORTED_GRANT_TYPE" => $"Check {option}, GrantType and that the client is registered for this grant.",
        "INVALID_SCOPE" => "Check Scope.",
        "INVALID_TARGET" => "Check the resource or audience in ExtraParameters.",
        _ => $"Check {option}, Protocol and the client's registration. "
            + "If the server means that the refresh token is dead, say so with InterpretTokenResponse.",
    };
}

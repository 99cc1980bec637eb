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

    private const string RefreshToken = "REFRESHTOKEN";

    /// <summary>What to do if the server says in its own way that the refresh token is dead.</summary>
    public const string InterpretAdvice = "If the server means that the refresh token is dead, say so with InterpretTokenResponse.";

    /// <summary>The code that drf-standardized-errors adds to a rejection without a code.</summary>
    public const string AuthenticationFailed = "authentication_failed";

    private static readonly Dictionary<string, ErrorMeaning> Meanings = new(StringComparer.OrdinalIgnoreCase)
    {
        // OpenID Connect Core, section 3.1.2.6, and the code of Auth0.
        ["interaction_required"] = ErrorMeaning.InteractionRequired,
        ["login_required"] = ErrorMeaning.InteractionRequired,
        ["consent_required"] = ErrorMeaning.InteractionRequired,
        ["account_selection_required"] = ErrorMeaning.InteractionRequired,
        ["mfa_required"] = ErrorMeaning.InteractionRequired,

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

    // RFC 6749, section 5.2, and the codes of Firebase, Slack, Supabase, Ory Hydra and Salesforce. invalid_code is Zoho's: it means the
    // refresh token, because no authorization code was sent.
    private static readonly HashSet<string> DeadLoginCodes = Words(
        "invalid_grant", "invalid_token", "invalid_code", "expired_token", "token_expired", "token_invalid", "token_revoked",
        "session_expired", "session_not_found", "token_inactive", "account_inactive", "inactive_user", "user_banned", "user_disabled",
        "user_not_found");

    // The rest of a code or a short text without the name of the refresh token: bad_refresh_token (GitHub, HubSpot),
    // refresh_token_expired, "Invalid refresh token" (Twitch).
    private static readonly HashSet<string> RefreshTokenStates = Words(
        "invalid", "bad", "expired", "revoked", "unknown", "inactive", "reused", "not found", "not valid", "already used",
        "invalid or expired", "is invalid", "is expired", "is revoked", "is not valid", "is invalid or expired", "has expired",
        "has been revoked");

    // These members have text for developers, or repeat the request. They never have a code.
    private static readonly HashSet<string> NotCodes = new(StringComparer.Ordinal) { "error_description", "error_uri", "scope", "state" };

    /// <summary>
    /// Finds the error code of an OAuth 2.0 response: <c>error</c>, or a known code in another member or one level deeper. Beside an
    /// access token only <c>error</c> counts.
    /// </summary>
    /// <returns>The code as the server wrote it, and its meaning. No code: <see langword="null"/>.</returns>
    public static (string? Code, ErrorMeaning Meaning) FindOAuth(TokenFields fields)
    {
        var error = fields["error"];
        if (error is not null && MeaningOf(error) is var meaning and not ErrorMeaning.Unknown)
        {
            // The PHP League's server, and Laravel Passport with it: invalid_request, and "The refresh token is invalid." in message.
            return "invalid_request".Equals(error, StringComparison.OrdinalIgnoreCase) && NamesDeadRefreshToken(fields)
                ? (error, ErrorMeaning.LoginEnded)
                : (error, meaning);
        }

        if (fields["access_token"] is not null)
        {
            return (error, ErrorMeaning.Unknown);
        }

        foreach (var (name, text) in fields.Texts())
        {
            if (!NotCodes.Contains(name) && MeaningOf(text) is var found and not ErrorMeaning.Unknown)
            {
                return (text, found);
            }
        }

        return fields.Objects("errors").Select(RejectionOfRefreshToken).FirstOrDefault(code => code is not null) is { } rejection
            ? (error ?? rejection, ErrorMeaning.LoginEnded)
            : (error, ErrorMeaning.Unknown);
    }

    /// <summary>Finds the error code of a Simple JWT response: <c>code</c>, or a known code in a <c>code</c> one level deeper.</summary>
    /// <returns>The code as the server wrote it, and its meaning. No code: <see langword="null"/>.</returns>
    public static (string? Code, ErrorMeaning Meaning) FindSimpleJwt(TokenFields fields)
    {
        foreach (var (name, text) in fields.Texts())
        {
            if (name == "code" && SimpleJwtMeaningOf(text) is { } meaning)
            {
                return (text, meaning);
            }
        }

        return (fields["code"], ErrorMeaning.Unknown);
    }

    // A text with spaces is a sentence, such as "Invalid token" of a gateway. It counts only if it names the refresh token.
    private static ErrorMeaning MeaningOf(string text) => Meanings.TryGetValue(text, out var meaning) ? meaning
        : NamesDeadRefreshToken(text) || (DeadLoginCodes.Contains(Letters(text)) && text.IndexOf(' ') < 0) ? ErrorMeaning.LoginEnded
        : ErrorMeaning.Unknown;

    private static ErrorMeaning? SimpleJwtMeaningOf(string code) => code.ToUpperInvariant() switch
    {
        "TOKEN_NOT_VALID" or "NO_ACTIVE_ACCOUNT" or "PASSWORD_CHANGED" or "USER_NOT_FOUND" or "USER_INACTIVE" => ErrorMeaning.LoginEnded,

        // Django REST framework's code for a rejection without a code of its own. The status decides what it means.
        "AUTHENTICATION_FAILED" => ErrorMeaning.Unknown,
        _ => null,
    };

    private static bool NamesDeadRefreshToken(TokenFields fields) =>
        fields["access_token"] is null
        && fields.Texts().Any(member => !NotCodes.Contains(member.Name) && NamesDeadRefreshToken(member.Text));

    private static bool NamesDeadRefreshToken(string text)
    {
        const string article = "THE";
        var letters = Letters(text);
        var at = letters.IndexOf(RefreshToken, StringComparison.Ordinal);
        if (at == article.Length && letters.StartsWith(article, StringComparison.Ordinal))
        {
            letters = letters.Substring(at);
            at = 0;
        }

        return at >= 0 && RefreshTokenStates.Contains(letters.Remove(at, RefreshToken.Length));
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

    private static HashSet<string> Words(params string[] codes) => new(codes.Select(Letters), StringComparer.Ordinal);

    private static string Letters(string? code) => code is null or { Length: > MaxLength }
        ? ""
        : code.Replace("_", "").Replace("-", "").Replace(" ", "").TrimEnd('.').ToUpperInvariant();

    /// <summary>Decides whether a server's error code may appear in messages and logs.</summary>
    /// <returns>The code; <see langword="null"/> if it isn't one short word, or if it repeats a secret or a part of one.</returns>
    public static string? Sanitize(string? code, string? refreshToken, string? clientSecret)
    {
        var mayBeShown = code is { Length: > 0 and <= MaxLength }
            && code.All(c => c is >= 'a' and <= 'z' or >= 'A' and <= 'Z' or >= '0' and <= '9' or '_' or '-' or '.')
            && !RevealsSecret(code, refreshToken)
            && !RevealsSecret(code, clientSecret);
        return mayBeShown ? code : null;
    }

    private static bool RevealsSecret(string code, string? secret) =>
        secret is { Length: > 0 } && (code.Contains(secret) || secret.Contains(code));

    /// <summary>What to check when the server refuses the client or its request.</summary>
    public static string AdviceFor(string? code, string option) => code?.ToUpperInvariant() switch
    {
        "INVALID_CLIENT" => "Check ClientId, ClientSecret and ClientAuthentication.",
        "UNAUTHORIZED_CLIENT" => "Check that the client is registered for this grant. " + InterpretAdvice,
        "UNSUPPORTED_GRANT_TYPE" => $"Check {option}, GrantType and that the client is registered for this grant.",
        "INVALID_SCOPE" => "Check Scope.",
        "INVALID_TARGET" => "Check the resource or audience in ExtraParameters.",
        _ => $"Check {option}, Protocol and the client's registration. {InterpretAdvice}",
    };
}

/// <summary>What an error code of a token endpoint means for the login.</summary>
internal enum ErrorMeaning
{
    /// <summary>The code is in no table.</summary>
    Unknown,

    /// <summary>The server no longer knows the refresh token or its user: the user must sign in again.</summary>
    LoginEnded,

    /// <summary>The server requires the user's presence or consent.</summary>
    InteractionRequired,

    /// <summary>The same request may succeed later.</summary>
    Transient,

    /// <summary>The client, its request or its registration is wrong.</summary>
    Configuration,

    /// <summary>As <see cref="Configuration"/>. Some servers have used the refresh token before they send this code.</summary>
    ConfigurationAfterUse,
}

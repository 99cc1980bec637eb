using System;

namespace TokenRefresh.Protocol;

/// <summary>What a token endpoint's answer means: pure, one row of the table in docs/failures.md per line.</summary>
internal static class TokenResponseClassifier
{
    /// <summary>RFC 6749, section 5.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="scheme">The scheme the API expects.</param>
    /// <param name="now">When the answer was received.</param>
    public static TokenEndpointResult OAuth(TokenResponse answer, string scheme, DateTimeOffset now)
    {
        var error = answer.Fields?["error"];
        return answer switch
        {
            _ when FromStatus(answer, error) is { } result => result,
            { Fields: null or { IsObject: false } } => Unreadable(answer),
            { Status: < 300 } when error is null => Tokens(answer.Fields, scheme, now),
            _ => error switch
            {
                null => UnexpectedBody(answer),
                "invalid_grant" or "bad_refresh_token" or "invalid_refresh_token" => TokenEndpointResult.Rejected(error),
                "interaction_required" or "login_required" or "consent_required" => TokenEndpointResult.InteractionRequired(error),
                "temporarily_unavailable" or "server_error" or "slow_down" =>
                    TokenEndpointResult.Transient($"it answered {answer.Status}.", error, answer.RetryAfter),
                _ => TokenEndpointResult.Misconfigured("the token endpoint refuses this client or its request.", error),
            },
        };
    }

    /// <summary>
    /// Django REST framework Simple JWT. <c>detail</c> holds translated text: its presence counts, its value is never read.
    /// </summary>
    /// <param name="answer">The answer.</param>
    /// <param name="now">When the answer was received.</param>
    public static TokenEndpointResult SimpleJwt(TokenResponse answer, DateTimeOffset now)
    {
        var code = answer.Fields?["code"];
        return answer switch
        {
            _ when FromStatus(answer, code) is { } result => result,
            { Fields: null or { IsObject: false } } => Unreadable(answer),
            { Status: < 300 } => SimpleJwtTokens(answer, answer.Fields, now),

            // The stock view sends no code when the user was deactivated or deleted, or changed the password.
            { Status: 401 } when answer.Fields.Has("detail") => TokenEndpointResult.Rejected(code),
            _ => code switch
            {
                "token_not_valid" or "no_active_account" or "password_changed" => TokenEndpointResult.Rejected(code),

                // {"refresh": ["This field is required."]}: the serializer complains of our request.
                null when answer.Fields.Has("refresh") =>
                    TokenEndpointResult.Misconfigured("the token endpoint doesn't understand the request; is it a Simple JWT refresh view?"),
                null => UnexpectedBody(answer),
                _ => TokenEndpointResult.Misconfigured("the token endpoint refuses the request.", code),
            },
        };
    }

    // What the status alone decides, whatever the body says.
    private static TokenEndpointResult? FromStatus(TokenResponse answer, string? error) => answer.Status switch
    {
        408 or 425 or 429 or >= 500 => TokenEndpointResult.Transient($"it answered {answer.Status}.", error, answer.RetryAfter),
        >= 300 and < 400 => TokenEndpointResult.Misconfigured(
            $"the token endpoint redirects ({answer.Status}), and a redirect is never followed. Set TokenEndpoint to the final URL; for Django, with its trailing slash."),
        _ => null,
    };

    // A success that can't be read has used the refresh token.
    private static TokenEndpointResult Unreadable(TokenResponse answer) => answer.Status >= 300
        ? UnexpectedBody(answer)
        : TokenEndpointResult.ResponseLost($"it answered {answer.Status}, but {Describe(answer.Body)}.");

    private static string Describe(ResponseBodyState body) => body switch
    {
        ResponseBodyState.Empty => "the response has no body",
        ResponseBodyState.CutOff => "the connection broke within the body",
        ResponseBodyState.TooLong => "the body is longer than 1 MiB",
        _ => "the body is neither complete JSON nor a form",
    };

    private static TokenEndpointResult UnexpectedBody(TokenResponse answer) => TokenEndpointResult.Transient(
        $"it answered {answer.Status} without a body of the protocol; a gateway in between?", retryAfter: answer.RetryAfter);

    private static TokenEndpointResult Tokens(TokenFields fields, string scheme, DateTimeOffset now)
    {
        var refreshToken = fields["refresh_token"];
        if (fields["token_type"] is { } type && !type.Equals(scheme, StringComparison.OrdinalIgnoreCase))
        {
            return TokenEndpointResult.Misconfigured(
                $"the token endpoint gives tokens of another type than the option Scheme, '{scheme}'.", newRefreshToken: refreshToken);
        }

        return ToResult(fields["access_token"], refreshToken, fields["scope"], now, fields.ExpiresIn);
    }

    private static TokenEndpointResult SimpleJwtTokens(TokenResponse answer, TokenFields fields, DateTimeOffset now)
    {
        var access = fields["access"];
        var refresh = fields["refresh"];
        return ToResult(access, refresh, scope: null, now, SimpleJwtLifetime.Read(access, refresh, answer.Date));
    }

    private static TokenEndpointResult ToResult(string? accessToken, string? refreshToken, string? scope, DateTimeOffset now, TimeSpan? lifetime)
    {
        if (accessToken is null)
        {
            return refreshToken is null
                ? TokenEndpointResult.Misconfigured("the token endpoint answered without an access token.")
                : TokenEndpointResult.RefreshTokenOnly(refreshToken);
        }

        return TokenSyntax.IsAccessToken(accessToken)
            ? TokenEndpointResult.Succeeded(new TokenSet(accessToken, refreshToken) { ReceivedAt = now, ExpiresAt = now + lifetime, Scope = scope })
            : TokenEndpointResult.Misconfigured(
                "the access token holds a character that can't stand in a header (RFC 6750, section 2.1).", newRefreshToken: refreshToken);
    }
}

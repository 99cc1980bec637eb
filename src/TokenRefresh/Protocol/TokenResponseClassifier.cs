namespace TokenRefresh.Protocol;

/// <summary>Decides what a token endpoint's response means, as the table in docs/failures.md says. Pure.</summary>
internal static class TokenResponseClassifier
{
    /// <summary>Classifies a response of an OAuth 2.0 token endpoint (RFC 6749, section 5).</summary>
    public static TokenEndpointResult OAuth(TokenResponse response, string scheme, DateTimeOffset now)
    {
        if (FromStatus(response, response.Fields?["error"]) is { } result)
        {
            return result;
        }

        if (response.Fields is not { } fields)
        {
            return Unreadable(response);
        }

        var (code, meaning) = ErrorCodes.FindOAuth(fields);
        return response.Status < 300 ? OAuthSuccess(response, fields, code, meaning, scheme, now)

            // {"refresh": ["This field is required."]}
            : code is null && fields.Has("refresh") ? SuspectSetup(response, " as Django Simple JWT does, and Protocol is OAuth")

            // Web frameworks answer a wrong path with an "error" of their own.
            : code is null || (meaning == ErrorMeaning.Unknown && IsMissing(response)) ? UnexpectedBody(response)
            : FromCode(response, code, meaning);
    }

    /// <summary>
    /// Classifies a response of Django REST framework Simple JWT. <c>detail</c> holds translated text: its presence counts, its value is
    /// never read.
    /// </summary>
    public static TokenEndpointResult SimpleJwt(TokenResponse response, DateTimeOffset now)
    {
        if (FromStatus(response, response.Fields?["code"]) is { } result)
        {
            return IsSlashMissing(response)
                ? SuspectSetup(response, ", and its path has no slash at its end, which Django answers with 500 in debug mode")
                : result;
        }

        if (response.Fields is not { } fields)
        {
            return Unreadable(response);
        }

        var (code, meaning) = ErrorCodes.FindSimpleJwt(fields);
        return response.Status switch
        {
            < 300 => SimpleJwtSuccess(response, fields, now),

            // The stock view sends no code when the user was deactivated or deleted, or changed the password. drf-standardized-errors moves
            // the detail into a list and adds the framework's code.
            401 when fields.Has("detail") || code == ErrorCodes.AuthenticationFailed =>
                TokenEndpointResult.Rejected(fields["code"] ?? code),
            _ when code is not null && !(meaning == ErrorMeaning.Unknown && IsMissing(response)) => FromCode(response, code, meaning),

            // {"refresh": ["This field is required."]}: the serializer complains about our request.
            _ when fields.Has("refresh") => TokenEndpointResult.Misconfigured(
                $"{response.Endpoint} doesn't understand the request. Check that TokenEndpoint is a refresh view of Simple JWT."),

            // {"token": ["This field is required."]}: the views for sliding tokens, and the verify view.
            400 when fields.Has("token") => TokenEndpointResult.Misconfigured(
                $"{response.Endpoint} asks for the field token; a refresh view of Simple JWT asks for refresh. Check TokenEndpoint. "
                + "To use sliding tokens, implement ITokenEndpoint and register it with UseEndpoint."),
            _ when fields["error"] is not null => SuspectSetup(response, " in the OAuth protocol"),
            _ => UnexpectedBody(response),
        };
    }

    // These statuses decide alone, whatever the body is.
    private static TokenEndpointResult? FromStatus(TokenResponse response, string? error) => response.Status switch
    {
        408 or 425 or 429 or >= 500 => Transient(response, error),
        _ when response.IsRedirect => TokenEndpointResult.Misconfigured(
            $"{response.Endpoint} redirects ({response.Status}), and a redirect is never followed. " + (response.IsDiscovered
                ? "The discovery document names this URL: correct it there, or set TokenEndpoint instead of Issuer."
                : "Set TokenEndpoint to the final URL; for Django, with its trailing slash.")),
        _ => null,
    };

    private static TokenEndpointResult Transient(TokenResponse response, string? error) =>
        TokenEndpointResult.Transient($"{response.Endpoint} answered {response.Status}.", error, response.RetryAfter);

    // Django's page for a POST to a URL that lacks its slash is HTML or plain text.
    private static bool IsSlashMissing(TokenResponse response) =>
        response is { Status: 500, Fields: null } && response.Endpoint[response.Endpoint.Length - 1] != '/';

    private static bool IsMissing(TokenResponse response) => response.Status is 404 or 405 or 410;

    private static TokenEndpointResult FromCode(TokenResponse response, string code, ErrorMeaning meaning) => meaning switch
    {
        ErrorMeaning.LoginEnded => TokenEndpointResult.Rejected(code),
        ErrorMeaning.InteractionRequired => TokenEndpointResult.InteractionRequired(code),
        ErrorMeaning.Transient => Transient(response, code),
        ErrorMeaning.ConfigurationAfterUse => Refused(response, code).AsPossiblyUsed(),
        _ => Refused(response, code),
    };

    private static TokenEndpointResult Refused(TokenResponse response, string code) => TokenEndpointResult.Misconfigured(
        $"{response.Endpoint} answered {response.Status} and refuses this client or its request. "
        + ErrorCodes.AdviceFor(code, response.Option),
        code);

    private static TokenEndpointResult OAuthSuccess(
        TokenResponse response, TokenFields fields, string? code, ErrorMeaning meaning, string scheme, DateTimeOffset now)
    {
        // Some servers report a dead refresh token with 200.
        if (meaning is ErrorMeaning.LoginEnded or ErrorMeaning.InteractionRequired)
        {
            return FromCode(response, code!, meaning);
        }

        var refreshToken = fields["refresh_token"];
        if (fields["access_token"] is null && refreshToken is null && code is not null)
        {
            return FromCode(response, code, meaning);
        }

        if (fields["token_type"] is { } type && TokenSyntax.NeedsProof(type, scheme))
        {
            return TokenEndpointResult.Misconfigured(
                $"{response.Endpoint} issues tokens that need a proof of possession (token_type), which isn't supported. "
                + "Configure the server to issue Bearer tokens to this client.",
                newRefreshToken: refreshToken);
        }

        var lifetime = fields.ReadSeconds("expires_in");
        return ToResult(response, fields, new Candidate(fields["access_token"], refreshToken, fields["scope"], lifetime), now);
    }

    private static TokenEndpointResult SimpleJwtSuccess(TokenResponse response, TokenFields fields, DateTimeOffset now)
    {
        var access = fields["access"];
        var refresh = fields["refresh"];
        return access is null && fields["access_token"] is not null
            ? TokenEndpointResult.Misconfigured(
                $"{response.Endpoint} answers in the OAuth protocol. Set Protocol to OAuth.",
                newRefreshToken: refresh ?? fields["refresh_token"])
            : ToResult(
                response, fields, new Candidate(access, refresh, Scope: null, SimpleJwtLifetime.Read(access, refresh, response.Date)), now);
    }

    private static TokenEndpointResult ToResult(TokenResponse response, TokenFields fields, Candidate found, DateTimeOffset now)
    {
        if (found is { AccessToken: null, RefreshToken: { } refreshToken })
        {
            return TokenEndpointResult.RefreshTokenOnly(refreshToken);
        }

        if (found.AccessToken is not { } accessToken)
        {
            return fields.IsObject
                ? TokenEndpointResult.Misconfigured(
                    $"{response.Endpoint} answered {response.Status} without an access token. Check {response.Option} and Protocol, "
                    + "or read the response with InterpretTokenResponse.").AsPossiblyUsed()
                : Unreadable(response);
        }

        return TokenSyntax.IsAccessToken(accessToken)
            ? TokenEndpointResult.Succeeded(fields.ToTokenSet(accessToken, found.RefreshToken, found.Scope, found.Lifetime, now))
            : TokenEndpointResult.Misconfigured(
                $"{response.Endpoint} issued an access token with a character that isn't allowed in a header (RFC 6750, section 2.1). "
                + "Configure the server to issue tokens without white space and commas.",
                newRefreshToken: found.RefreshToken);
    }

    private static TokenEndpointResult Unreadable(TokenResponse response)
    {
        if (response.Status >= 300)
        {
            return UnexpectedBody(response);
        }

        // A success that can't be read has used the refresh token.
        return response.Body switch
        {
            ResponseBodyState.Empty => TokenEndpointResult.ResponseLost($"{response.Endpoint} answered {response.Status} without a body."),
            ResponseBodyState.CutOff => TokenEndpointResult.ResponseLost($"{response.Endpoint} broke the connection within its response."),
            ResponseBodyState.TooLong => TokenEndpointResult.ResponseLost($"{response.Endpoint} answered with more than 1 MiB."),
            _ => TokenEndpointResult.ResponseLost(
                $"{response.Endpoint} answered {response.Status} with a body that isn't complete JSON. Check {response.Option} and "
                + "Protocol.").AsSuspectSetup(response.Option),
        };
    }

    // The login is kept: the response of a gateway or of a wrong URL says nothing about the refresh token.
    private static TokenEndpointResult UnexpectedBody(TokenResponse response)
    {
        const string what = ", which isn't a response of a token endpoint";
        return response.Status is 400 or 404 or 405 or 406 or 410 or 415 or 422
            ? SuspectSetup(response, what, Interpretation(response))
            : TokenEndpointResult.Transient(
                $"{response.Endpoint} answered {response.Status}{what}. Check whether a gateway in between answers."
                + Interpretation(response),
                retryAfter: response.RetryAfter);
    }

    // JSON with one of these statuses may be the server's own form of an error.
    private static string Interpretation(TokenResponse response) =>
        response is { Status: 400 or 401 or 403, Fields: not null } ? " " + ErrorCodes.InterpretAdvice : "";

    private static TokenEndpointResult SuspectSetup(TokenResponse response, string what, string advice = "") =>
        TokenEndpointResult.Transient(
            $"{response.Endpoint} answered {response.Status}{what}. Check {response.Option} and Protocol.{advice}",
            retryAfter: response.RetryAfter).AsSuspectSetup(response.Option);

    /// <summary>The values of a success, by any of their names.</summary>
    private readonly record struct Candidate(string? AccessToken, string? RefreshToken, string? Scope, TimeSpan? Lifetime);
}

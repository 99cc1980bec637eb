using System.Diagnostics;
using TokenRefresh.Protocol;

namespace TokenRefresh;

/// <summary>The result of one request to a token endpoint. Immutable.</summary>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class TokenEndpointResult
{
    private TokenEndpointResult(TokenEndpointOutcome outcome) => Outcome = outcome;

    /// <summary>The meaning of the response.</summary>
    public TokenEndpointOutcome Outcome { get; }

    /// <summary>The new tokens, with <see cref="TokenEndpointOutcome.Succeeded"/>; otherwise <see langword="null"/>.</summary>
    /// <value>If they have no refresh token, the login keeps the old one.</value>
    public TokenSet? Tokens { get; private set; }

    /// <summary>
    /// A refresh token that replaces the used one, although the response has no usable access token; otherwise <see langword="null"/>.
    /// </summary>
    internal string? NewRefreshToken { get; private set; }

    /// <summary>The server's error code; <see langword="null"/> if there is none.</summary>
    public string? Error { get; private set; }

    /// <summary>
    /// What went wrong and what to do, for messages and logs; <see langword="null"/> if there is nothing to say. It contains no secret and
    /// no text of the response.
    /// </summary>
    public string? Description { get; private set; }

    /// <summary>How long the server asked to wait (RFC 9110, section 10.2.3); <see langword="null"/> if it didn't.</summary>
    public TimeSpan? RetryAfter { get; private set; }

    /// <summary>Whether the server may have used the refresh token although no new one arrived.</summary>
    public bool RefreshTokenMayBeUsed { get; private set; }

    /// <summary>
    /// The exception of the failed call; <see langword="null"/> if there was none, or if its message can quote the response. It can name a
    /// proxy with its password, so ask <see cref="EndpointExceptionClassifier.MayNameProxy"/> before it is passed on.
    /// </summary>
    internal Exception? Exception { get; private set; }

    /// <summary>
    /// The option that is probably wrong: the response looks like that of a wrong URL or protocol, which waiting doesn't repair.
    /// <see langword="null"/> for other responses.
    /// </summary>
    internal string? SuspectOption { get; private set; }

    /// <summary>Creates a result with new tokens.</summary>
    /// <param name="tokens">The new tokens. Without a refresh token, the login keeps the old one.</param>
    /// <returns>The result.</returns>
    /// <exception cref="ArgumentException"><paramref name="tokens"/> has no access token.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="tokens"/> is <see langword="null"/>.</exception>
    public static TokenEndpointResult Succeeded(TokenSet tokens)
    {
        Require.NotNull(tokens, nameof(tokens));
        if (!tokens.HasAccessToken)
        {
            throw new ArgumentException("The tokens hold no access token. Use RefreshTokenOnly for a refresh token alone.", nameof(tokens));
        }

        return new TokenEndpointResult(TokenEndpointOutcome.Succeeded) { Tokens = tokens };
    }

    /// <summary>Creates a result with a new refresh token only. It is saved, and sent once in the same refresh.</summary>
    /// <param name="refreshToken">The new refresh token.</param>
    /// <returns>The result.</returns>
    /// <exception cref="ArgumentException"><paramref name="refreshToken"/> is empty.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="refreshToken"/> is <see langword="null"/>.</exception>
    public static TokenEndpointResult RefreshTokenOnly(string refreshToken)
    {
        Require.NotEmpty(refreshToken, nameof(refreshToken));
        return new TokenEndpointResult(TokenEndpointOutcome.RefreshTokenOnly)
        {
            NewRefreshToken = refreshToken,
            Description = "The token endpoint answered without an access token.",
        };
    }

    /// <summary>Creates a result for a refresh token that is no longer valid: the login has ended.</summary>
    /// <param name="error">The server's error code; <see langword="null"/> if there is none.</param>
    /// <returns>The result.</returns>
    public static TokenEndpointResult Rejected(string? error) => new(TokenEndpointOutcome.Rejected) { Error = error };

    /// <summary>Creates a result for a server that requires the user's presence or consent: the login has ended.</summary>
    /// <param name="error">The server's error code; <see langword="null"/> if there is none.</param>
    /// <returns>The result.</returns>
    public static TokenEndpointResult InteractionRequired(string? error) => new(TokenEndpointOutcome.InteractionRequired) { Error = error };

    /// <summary>Creates a result for a wrong configuration, or a response that can't be used. The login is kept.</summary>
    /// <param name="description">What is wrong and what to do, without any secret.</param>
    /// <param name="error">The server's error code; <see langword="null"/> if there is none.</param>
    /// <param name="exception">The cause, if its message contains no secret; otherwise <see langword="null"/>.</param>
    /// <param name="newRefreshToken">
    /// A new refresh token in the response, which replaces the used one; otherwise <see langword="null"/>.
    /// </param>
    /// <returns>The result.</returns>
    public static TokenEndpointResult Misconfigured(
        string description, string? error = null, Exception? exception = null, string? newRefreshToken = null) =>
        new(TokenEndpointOutcome.Misconfigured)
        {
            Description = description,
            Error = error,
            Exception = exception,
            NewRefreshToken = newRefreshToken,
        };

    /// <summary>Creates a result for a request that failed and can succeed later. The server didn't use the refresh token.</summary>
    /// <param name="description">What happened, without any secret.</param>
    /// <param name="error">The server's error code; <see langword="null"/> if there is none.</param>
    /// <param name="retryAfter">How long the server asked to wait; <see langword="null"/> if it didn't.</param>
    /// <param name="exception">The cause, if its message contains no secret; otherwise <see langword="null"/>.</param>
    /// <returns>The result.</returns>
    public static TokenEndpointResult Transient(
        string description, string? error = null, TimeSpan? retryAfter = null, Exception? exception = null) =>
        new(TokenEndpointOutcome.Transient) { Description = description, Error = error, RetryAfter = retryAfter, Exception = exception };

    /// <summary>
    /// Creates a result for a response that didn't come in time. The refresh token is possibly used, and isn't sent again in this refresh.
    /// </summary>
    /// <param name="description">What happened, without any secret.</param>
    /// <param name="exception">The cause, if its message contains no secret; otherwise <see langword="null"/>.</param>
    /// <returns>The result.</returns>
    public static TokenEndpointResult TimedOut(string description, Exception? exception = null) =>
        new(TokenEndpointOutcome.Transient) { Description = description, Exception = exception, RefreshTokenMayBeUsed = true };

    /// <summary>Creates a result for a lost response. The refresh token is possibly used, and is sent once more, at once.</summary>
    /// <param name="description">What happened, without any secret.</param>
    /// <param name="exception">The cause, if its message contains no secret; otherwise <see langword="null"/>.</param>
    /// <returns>The result.</returns>
    public static TokenEndpointResult ResponseLost(string description, Exception? exception = null) =>
        new(TokenEndpointOutcome.ResponseLost) { Description = description, Exception = exception, RefreshTokenMayBeUsed = true };

    internal TokenEndpointResult WithError(string? error) => error == Error ? this : With(copy => copy.Error = error);

    /// <summary>Adds a new refresh token that this result would lose. A login that has ended needs none.</summary>
    internal TokenEndpointResult KeepNewRefreshToken(string? refreshToken) => this switch
    {
        _ when refreshToken is null || NewRefreshToken is not null => this,
        { Outcome: TokenEndpointOutcome.Rejected or TokenEndpointOutcome.InteractionRequired } => this,
        { Tokens: { RefreshToken: null } tokens } => With(copy => copy.Tokens = tokens.WithRefreshToken(refreshToken)),
        { Tokens: null } => With(copy => copy.NewRefreshToken = refreshToken),
        _ => this,
    };

    internal TokenEndpointResult AsPossiblyUsed() => With(copy => copy.RefreshTokenMayBeUsed = true);

    internal TokenEndpointResult AsSuspectSetup(string option) => With(copy => copy.SuspectOption = option);

    private TokenEndpointResult With(Action<TokenEndpointResult> change)
    {
        var copy = (TokenEndpointResult)MemberwiseClone();
        change(copy);
        return copy;
    }

    /// <summary>Returns the outcome and the error code, and no secret.</summary>
    /// <returns>A text for logs and debuggers.</returns>
    public override string ToString() => Error is null ? Outcome.ToString() : $"{Outcome} ({Error})";
}

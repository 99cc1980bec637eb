using System;
using System.Diagnostics;

namespace TokenRefresh;

/// <summary>What one call to a token endpoint brought.</summary>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class TokenEndpointResult
{
    private TokenEndpointResult(TokenEndpointOutcome outcome) => Outcome = outcome;

    private TokenEndpointResult(TokenEndpointResult original)
    {
        Outcome = original.Outcome;
        Tokens = original.Tokens;
        NewRefreshToken = original.NewRefreshToken;
        Error = original.Error;
        Description = original.Description;
        RetryAfter = original.RetryAfter;
        RefreshTokenMayBeUsed = original.RefreshTokenMayBeUsed;
        IsSetupSuspect = original.IsSetupSuspect;
        Exception = original.Exception;
    }

    /// <summary>What the answer means.</summary>
    public TokenEndpointOutcome Outcome { get; }

    /// <summary>The new tokens, with <see cref="TokenEndpointOutcome.Succeeded"/>. Without a refresh token, the old one stays.</summary>
    public TokenSet? Tokens { get; private init; }

    /// <summary>A refresh token that replaces the one just spent, although the answer brought no usable access token.</summary>
    public string? NewRefreshToken { get; private init; }

    /// <summary>The server's error code, or <see langword="null"/>.</summary>
    public string? Error { get; private init; }

    /// <summary>What went wrong, in our own words, for messages and logs.</summary>
    public string? Description { get; private init; }

    /// <summary>How long the server asked to wait (RFC 9110, section 10.2.3), or <see langword="null"/>.</summary>
    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>Whether the refresh token may have been spent although no answer arrived.</summary>
    public bool RefreshTokenMayBeUsed { get; private init; }

    /// <summary>The exception of the network, if there was one.</summary>
    public Exception? Exception { get; private init; }

    /// <summary>There are new tokens.</summary>
    /// <param name="tokens">The new tokens; without a refresh token, the old one stays.</param>
    public static TokenEndpointResult Succeeded(TokenSet tokens)
    {
        Require.NotNull(tokens, nameof(tokens));
        return new TokenEndpointResult(TokenEndpointOutcome.Succeeded) { Tokens = tokens };
    }

    /// <summary>There is a new refresh token, but no access token: the new one is saved, and asked with once.</summary>
    /// <param name="refreshToken">The new refresh token.</param>
    public static TokenEndpointResult RefreshTokenOnly(string refreshToken)
    {
        Require.NotEmpty(refreshToken, nameof(refreshToken));
        return new TokenEndpointResult(TokenEndpointOutcome.RefreshTokenOnly)
        {
            NewRefreshToken = refreshToken,
            Description = "The token endpoint answered without an access token.",
        };
    }

    /// <summary>The refresh token is dead.</summary>
    /// <param name="error">The server's error code.</param>
    public static TokenEndpointResult Rejected(string? error) => new(TokenEndpointOutcome.Rejected) { Error = error };

    /// <summary>The server wants the user's presence or consent.</summary>
    /// <param name="error">The server's error code.</param>
    public static TokenEndpointResult InteractionRequired(string? error) => new(TokenEndpointOutcome.InteractionRequired) { Error = error };

    /// <summary>The client is set up wrongly, or the answer can't be used.</summary>
    /// <param name="description">What is wrong and what to do, without any secret.</param>
    /// <param name="error">The server's error code.</param>
    /// <param name="exception">The cause, if it holds no secret.</param>
    /// <param name="newRefreshToken">A refresh token that came all the same, and replaces the one just spent.</param>
    public static TokenEndpointResult Misconfigured(string description, string? error = null, Exception? exception = null, string? newRefreshToken = null) =>
        new(TokenEndpointOutcome.Misconfigured)
        {
            Description = description,
            Error = error,
            Exception = exception,
            NewRefreshToken = newRefreshToken,
        };

    /// <summary>Not now: the refresh token wasn't spent.</summary>
    /// <param name="description">What happened, without any secret.</param>
    /// <param name="error">The server's error code.</param>
    /// <param name="retryAfter">How long the server asked to wait.</param>
    /// <param name="exception">The cause, if it holds no secret.</param>
    public static TokenEndpointResult Transient(string description, string? error = null, TimeSpan? retryAfter = null, Exception? exception = null) =>
        new(TokenEndpointOutcome.Transient) { Description = description, Error = error, RetryAfter = retryAfter, Exception = exception };

    /// <summary>No answer within the time there was: not asked again in this flight, and the refresh token may have been spent.</summary>
    /// <param name="description">What happened, without any secret.</param>
    /// <param name="exception">The cause, if it holds no secret.</param>
    public static TokenEndpointResult TimedOut(string description, Exception? exception = null) =>
        new(TokenEndpointOutcome.Transient) { Description = description, Exception = exception, RefreshTokenMayBeUsed = true };

    /// <summary>The answer was lost: the refresh token may have been spent.</summary>
    /// <param name="description">What happened, without any secret.</param>
    /// <param name="exception">The cause, if it holds no secret.</param>
    public static TokenEndpointResult ResponseLost(string description, Exception? exception = null) =>
        new(TokenEndpointOutcome.ResponseLost) { Description = description, Exception = exception, RefreshTokenMayBeUsed = true };

    /// <summary>Whether the response looks like that of a wrong URL or protocol, which waiting doesn't repair.</summary>
    internal bool IsSetupSuspect { get; private init; }

    internal TokenEndpointResult WithError(string? error) => error == Error ? this : new TokenEndpointResult(this) { Error = error };

    /// <summary>Adds a new refresh token that this result would lose. A login that has ended needs none.</summary>
    internal TokenEndpointResult KeepNewRefreshToken(string? refreshToken) => this switch
    {
        _ when refreshToken is null || NewRefreshToken is not null => this,
        { Outcome: TokenEndpointOutcome.Rejected or TokenEndpointOutcome.InteractionRequired } => this,
        { Tokens: { RefreshToken: null } tokens } => new TokenEndpointResult(this) { Tokens = tokens.WithRefreshToken(refreshToken) },
        { Tokens: null } => new TokenEndpointResult(this) { NewRefreshToken = refreshToken },
        _ => this,
    };

    internal TokenEndpointResult AsPossiblyUsed() => new(this) { RefreshTokenMayBeUsed = true };

    internal TokenEndpointResult AsSuspectSetup() => new(this) { IsSetupSuspect = true };

    /// <summary>Names the outcome, and no secret.</summary>
    public override string ToString() => Error is null ? Outcome.ToString() : $"{Outcome} ({Error})";
}

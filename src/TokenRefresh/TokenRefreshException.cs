namespace TokenRefresh;

/// <summary>The exception for a request or call that got no usable token. It contains no token, no secret and no body.</summary>
/// <param name="failure">What kind of failure it is.</param>
/// <param name="message">What happened and what to do. It must hold no secret.</param>
/// <param name="error">The server's error code, or <see langword="null"/>.</param>
/// <param name="innerException">The cause, if it contains no secret; otherwise <see langword="null"/>.</param>
public sealed class TokenRefreshException(
    TokenRefreshFailure failure, string message, string? error = null, Exception? innerException = null)
    : HttpRequestException(message, innerException)
{
    /// <summary>What kind of failure it is.</summary>
    public TokenRefreshFailure Failure { get; } = failure;

    /// <summary>The server's error code (RFC 6749, section 5.2; Simple JWT's <c>code</c>), or <see langword="null"/>.</summary>
    public string? Error { get; } = error;

    /// <summary>How long to wait before the next attempt: the rest of the cool-down, or the server's <c>Retry-After</c>.</summary>
    /// <value>
    /// One hour at most. <see langword="null"/> if no time is known, or if the login has ended. After a configuration failure it is the
    /// time to the next attempt, which fails too if nothing was corrected.
    /// </value>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether the same request can succeed later.</summary>
    public bool IsTransient => Failure == TokenRefreshFailure.Transient;
}

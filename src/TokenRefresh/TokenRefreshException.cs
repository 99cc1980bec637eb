namespace TokenRefresh;

/// <summary>A request got no usable token. Holds no token, secret or body.</summary>
public sealed class TokenRefreshException : HttpRequestException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="failure">What kind of failure it is.</param>
    /// <param name="message">What happened and what to do. It must hold no secret.</param>
    /// <param name="error">The OAuth error code, if the server gave one.</param>
    /// <param name="innerException">The cause, if it holds no secret.</param>
    public TokenRefreshException(TokenRefreshFailure failure, string message, string? error = null, Exception? innerException = null)
        : base(message, innerException)
    {
        Failure = failure;
        Error = error;
    }

    /// <summary>What kind of failure it is.</summary>
    public TokenRefreshFailure Failure { get; }

    /// <summary>The server's error code (RFC 6749, section 5.2; Simple JWT's <c>code</c>), or <see langword="null"/>.</summary>
    public string? Error { get; }

    /// <summary>
    /// How long to wait before the next try, where that is known: the rest of the cool-down or the server's <c>Retry-After</c>.
    /// </summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether sending the same request again, later, can help.</summary>
    public bool IsTransient => Failure == TokenRefreshFailure.Transient;
}

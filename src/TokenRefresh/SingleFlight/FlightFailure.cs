namespace TokenRefresh.SingleFlight;

/// <summary>
/// Why a flight ended without a token. All waiters share this value; each throws an exception of its own. The message has no secret.
/// </summary>
internal sealed record FlightFailure(TokenRefreshFailure Kind, string Message)
{
    public string? Error { get; init; }

    public Exception? Cause { get; init; }

    /// <summary>The server's own <c>Retry-After</c>. It also delays a requested refresh.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The rest of the cool-down that this failure has started.</summary>
    public TimeSpan? Remaining { get; init; }

    /// <summary>Whether the session was disposed before the flight could start.</summary>
    public bool IsDisposed { get; init; }

    /// <summary>Whether the failure is logged as an error although it is transient: the URL looks wrong.</summary>
    public bool NeedsAttention { get; init; }

    public static FlightFailure WaitsForItself(string session) => new(
        TokenRefreshFailure.Configuration,
        $"The refresh of session '{session}' waits for itself: its token endpoint, its store or its SignInInteractively callback sends a "
        + "request through a client that uses this session. Use a separate HttpClient there, or call WithoutAccessToken() on its "
        + "requests.");

    public static FlightFailure Disposed(string session) =>
        new(TokenRefreshFailure.Transient, $"Session '{session}' is disposed: no refresh can start.")
        {
            IsDisposed = true,
        };

    // One exception per waiter: a shared one would collect the stack trace of every waiter.
    public Exception ToException() => IsDisposed
        ? new ObjectDisposedException(nameof(TokenSession), Message)
        : new TokenRefreshException(Kind, Message, Error, Cause) { RetryAfter = Remaining ?? RetryAfter };
}

using System;

namespace TokenRefresh.SingleFlight;

/// <summary>Why a flight brought no token: a value, shared by all who waited, and an exception only at the boundary.</summary>
internal sealed record FlightFailure(TokenRefreshFailure Kind, string Message)
{
    public string? Error { get; init; }

    public Exception? Cause { get; init; }

    /// <summary>The server's own <c>Retry-After</c>: it binds everybody, a forced refresh too.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>How much of the cool-down is left, for one who came while it lasted.</summary>
    public TimeSpan? Rest { get; init; }

    // Each waiter throws an exception of its own: a shared one would collect every waiter's stack trace.
    public TokenRefreshException ToException() => new(Kind, Message, Error, Cause) { RetryAfter = Rest ?? RetryAfter };
}

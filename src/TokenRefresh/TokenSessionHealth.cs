using TokenRefresh.Refreshing;
using TokenRefresh.SingleFlight;

namespace TokenRefresh;

/// <summary>The health of one session, for health checks. It contains no secret and no user.</summary>
public readonly struct TokenSessionHealth
{
    /// <summary>The session's name.</summary>
    public string SessionName { get; internal init; }

    /// <summary>The state of the login, as far as this process knows it.</summary>
    public TokenSessionState State { get; internal init; }

    /// <summary>The failure of the last refresh; <see langword="null"/> if it succeeded, or if there was none since the sign-in.</summary>
    public TokenRefreshFailure? LastFailure { get; internal init; }

    /// <summary>
    /// When the next refresh may start after a failure, by the session's clock; <see langword="null"/> if nothing delays it.
    /// </summary>
    public DateTimeOffset? NextAttemptAt { get; internal init; }

    /// <summary>
    /// When the first of the current failures in a row was, by the session's clock; <see langword="null"/> if the last refresh succeeded.
    /// </summary>
    public DateTimeOffset? FailingSince { get; internal init; }

    /// <summary>
    /// When this process received the current tokens from the endpoint, by the session's clock; <see langword="null"/> if they come from a
    /// sign-in or from the store.
    /// </summary>
    public DateTimeOffset? RefreshedAt { get; internal init; }

    /// <summary>
    /// Whether the API rejected the current access token although it had just been refreshed. Another refresh doesn't help: check the
    /// token's audience, scope and issuer.
    /// </summary>
    public bool IsRefreshedTokenRejected { get; internal init; }

    /// <summary>Returns the session's name, its state and its last failure, and no secret or user.</summary>
    /// <returns>A text for logs and debuggers.</returns>
    public override string ToString() =>
        $"TokenSessionHealth {{ SessionName = {SessionName}, State = {State}, LastFailure = {LastFailure?.ToString() ?? "none"} }}";

    internal static TokenSessionHealth Of(SessionContext session)
    {
        var current = session.Current;
        var coolDown = session.CoolDown;
        var time = session.Services.Time;
        return new TokenSessionHealth
        {
            SessionName = session.Services.Name,
            State = current.State,
            LastFailure = current is EndedSnapshot ? TokenRefreshFailure.ReLoginRequired : coolDown?.Kind,
            NextAttemptAt = coolDown is not null && coolDown.Blocks(FlightReason.Expired, time, out var failure)
                ? time.GetUtcNow() + failure.Remaining
                : null,
            FailingSince = coolDown is null ? null : new DateTimeOffset(coolDown.FailingSince.Utc),
            IsRefreshedTokenRejected = current is SignedInSnapshot { AccessToken.IsRejectedThoughNew: true },
            RefreshedAt = current is SignedInSnapshot { AccessToken: { IsFromEndpoint: true } token }
                ? new DateTimeOffset(token.ReceivedAt.Utc)
                : null,
        };
    }
}

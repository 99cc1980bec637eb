namespace TokenRefresh;

/// <summary>The names of the library's metrics, activities and their tags. What each means is in <c>docs/telemetry.md</c>.</summary>
public static class TokenRefreshTelemetry
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "TokenRefresh";

    /// <summary>The name of the activity source.</summary>
    public const string ActivitySourceName = "TokenRefresh";

    /// <summary>Counts refreshes that have ended, in <c>{refresh}</c>, by session, reason and outcome.</summary>
    public const string Refreshes = "token_refresh.refreshes";

    /// <summary>How long refreshes took, a histogram in seconds, by session and outcome.</summary>
    public const string RefreshDuration = "token_refresh.refresh.duration";

    /// <summary>How many requests wait for a refresh now, in <c>{request}</c>, by session.</summary>
    public const string HeldRequests = "token_refresh.held_requests";

    /// <summary>Counts those that waited for a refresh that another had caused, in <c>{waiter}</c>, by session.</summary>
    public const string JoinedWaiters = "token_refresh.joined_waiters";

    /// <summary>Counts requests that were sent again with a new token, in <c>{request}</c>, by session.</summary>
    public const string Replays = "token_refresh.replays";

    /// <summary>Counts refused tokens that had been replaced already, so that no refresh was needed, in <c>{response}</c>, by session.</summary>
    public const string Late401s = "token_refresh.late_401s";

    /// <summary>Counts logins that have died, in <c>{login}</c>, by session and reason.</summary>
    public const string ReLogins = "token_refresh.re_logins";

    /// <summary>How many sessions are in memory now, in <c>{session}</c>, by session and state.</summary>
    public const string Sessions = "token_refresh.sessions";

    /// <summary>The activity around one refresh, a root of its own, linked to the request that caused it.</summary>
    public const string FlightActivity = "token_refresh.flight";

    /// <summary>The activity around a request's wait for a refresh, linked to that refresh.</summary>
    public const string HoldActivity = "token_refresh.hold";

    /// <summary>The session's name, as it was registered. Never a user.</summary>
    public const string SessionTag = "token_refresh.session";

    /// <summary>Why the refresh was begun, or why the login died.</summary>
    public const string ReasonTag = "token_refresh.reason";

    /// <summary>What came of the refresh.</summary>
    public const string OutcomeTag = "token_refresh.outcome";

    /// <summary>The session's state.</summary>
    public const string StateTag = "token_refresh.state";

    /// <summary>How many waited for the refresh, on its activity.</summary>
    public const string WaitersTag = "token_refresh.waiters";
}

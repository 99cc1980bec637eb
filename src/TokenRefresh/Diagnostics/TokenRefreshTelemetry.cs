namespace TokenRefresh;

/// <summary>
/// The names to register with a telemetry library. The names of the metrics, the activities and their tags are in <c>docs/telemetry.md</c>.
/// </summary>
public static class TokenRefreshTelemetry
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "TokenRefresh";

    /// <summary>The name of the activity source.</summary>
    public const string ActivitySourceName = "TokenRefresh";

    internal const string Refreshes = "token_refresh.refreshes";
    internal const string RefreshDuration = "token_refresh.refresh.duration";
    internal const string WaitingRequests = "token_refresh.waiting_requests";
    internal const string JoinedWaiters = "token_refresh.joined_waiters";
    internal const string Resends = "token_refresh.resends";
    internal const string Stale401s = "token_refresh.stale_401s";
    internal const string LoginsEnded = "token_refresh.logins_ended";
    internal const string Sessions = "token_refresh.sessions";

    internal const string RefreshActivity = "token_refresh.refresh";
    internal const string WaitActivity = "token_refresh.wait";

    internal const string SessionTag = "token_refresh.session";
    internal const string ReasonTag = "token_refresh.reason";
    internal const string OutcomeTag = "token_refresh.outcome";
    internal const string StateTag = "token_refresh.state";
    internal const string WaitersTag = "token_refresh.waiters";
}

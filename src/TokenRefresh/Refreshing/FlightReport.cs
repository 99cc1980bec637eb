using TokenRefresh.Diagnostics;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Refreshing;

/// <summary>Reports one flight to the log, the metrics and the traces. A listener that throws has no effect on requests.</summary>
internal sealed class FlightReport(SessionServices services, Flight flight)
{
    private readonly long _startedAt = services.Time.GetTimestamp();

    public void Start()
    {
        flight.Activity = SessionTelemetry.StartRefresh(flight.TriggerContext);
        SessionLog.RefreshStarted(services.Logger, services.Name, ReasonText());
    }

    /// <summary>Reports how the flight ended, before its waiters are woken.</summary>
    public void End(FlightRun run, SessionContext session)
    {
        try
        {
            var duration = services.Time.GetElapsedTime(_startedAt);
            var refresh = new RefreshMeasurement(
                TagValues.Of(flight.Reason), run.Outcome, duration, flight.Waiters, FailureOf(run)?.Message);
            if (flight.Reason != FlightReason.FirstUse || run.Outcome != FlightOutcome.Superseded)
            {
                // A flight that only read the store doesn't count as a refresh.
                services.Telemetry.RefreshEnded(refresh);
            }

            services.Telemetry.EndRefresh(flight.Activity, refresh);
            Log(run, duration, session);
        }
        catch (Exception)
        {
            // A listener or a logger failed.
        }
    }

    private void Log(FlightRun run, TimeSpan duration, SessionContext session)
    {
        if (run is { Outcome: FlightOutcome.Refreshed, Event: TokensRefreshedEventArgs refreshed })
        {
            SessionLog.Refreshed(
                services.Logger,
                services.Name,
                (long)duration.TotalMilliseconds,
                ReasonText(),
                flight.Waiters,
                refreshed.ExpiresAt?.ToString("u") ?? "unknown");
        }

        if (run.Crash is { } crash)
        {
            SessionLog.RefreshCrashed(services.Logger, services.Name, crash.GetType().Name);
        }
        else if (FailureOf(run) is { IsDisposed: false } failure && flight.CallBlockedBy is null)
        {
            LogFailure(failure, session.CoolDown);
        }
    }

    private void LogFailure(FlightFailure failure, CoolDown? coolDown)
    {
        var next = coolDown is not null && coolDown.Blocks(FlightReason.Expired, services.Time, out var blocked) ? blocked.Remaining : null;
        var seconds = Math.Round((next ?? TimeSpan.Zero).TotalSeconds, 1);
        var since = coolDown is { IsFirst: false } ? coolDown.FailingSince.Utc.ToString("O") : "this one";
        if (failure.NeedsAttention)
        {
            SessionLog.EndpointSuspect(services.Logger, services.Name, failure.Message, seconds, since);
            return;
        }

        if (failure.Kind == TokenRefreshFailure.Configuration)
        {
            SessionLog.RefreshMisconfigured(services.Logger, services.Name, failure.Message, since);
            return;
        }

        SessionLog.RefreshFailed(services.Logger, services.Name, failure.Message, seconds, since);
    }

    private static FlightFailure? FailureOf(FlightRun run) => run.Result.IsFailure(out var failure) ? failure : null;

    private string ReasonText() => flight.Reason switch
    {
        FlightReason.FirstUse => "of the session's first use",
        FlightReason.Expired => "it has expired or is about to",
        FlightReason.Rejected => "the API rejected it",
        FlightReason.Proactive => "it expires soon",
        _ => "the app requested it",
    };
}

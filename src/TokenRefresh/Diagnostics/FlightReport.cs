using System;
using System.Collections.Generic;
using System.Diagnostics;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Diagnostics;

/// <summary>One flight's metrics and activity, from its departure to its arrival.</summary>
internal readonly struct FlightReport(Instruments instruments, KeyValuePair<string, object?> session, Flight flight, TimeProvider time)
{
    private readonly long _departed = time.GetTimestamp();

    /// <summary>Reports how it ended, before anybody who waits for it is woken.</summary>
    public void Arrive(FlightOutcome outcome, FlightFailure? failure)
    {
        outcome = failure is null ? outcome
            : failure.Kind == TokenRefreshFailure.Configuration ? FlightOutcome.Configuration
            : FlightOutcome.Transient;
        try
        {
            Measure(outcome);
            Describe(outcome, failure);
            flight.Trace?.Dispose();
        }
        catch (Exception)
        {
            // A listener that throws keeps neither the app from hearing its events nor the waiters from waking.
        }
    }

    private void Measure(FlightOutcome outcome)
    {
        if (flight.Cause == FlightCause.Load && outcome == FlightOutcome.MovedOn)
        {
            // A look into the store is no refresh.
            return;
        }

        var tag = new KeyValuePair<string, object?>(TokenRefreshTelemetry.OutcomeTag, TagValues.Of(outcome));
        if (instruments.Refreshes.Enabled)
        {
            instruments.Refreshes.Add(1, session, new(TokenRefreshTelemetry.ReasonTag, TagValues.Of(flight.Cause)), tag);
        }

        if (instruments.RefreshDuration.Enabled)
        {
            instruments.RefreshDuration.Record(time.GetElapsedTime(_departed).TotalSeconds, session, tag);
        }
    }

    private void Describe(FlightOutcome outcome, FlightFailure? failure)
    {
        if (flight.Trace is not { IsAllDataRequested: true } activity)
        {
            return;
        }

        activity.SetTag(session.Key, session.Value);
        activity.SetTag(TokenRefreshTelemetry.ReasonTag, TagValues.Of(flight.Cause));
        activity.SetTag(TokenRefreshTelemetry.OutcomeTag, TagValues.Of(outcome));
        activity.SetTag(TokenRefreshTelemetry.WaitersTag, flight.Waiters);
        if (failure is not null)
        {
            activity.SetStatus(ActivityStatusCode.Error, failure.Message);
        }
    }
}

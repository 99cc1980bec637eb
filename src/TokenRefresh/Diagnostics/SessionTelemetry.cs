using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Threading;
using System.Threading.Tasks;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Diagnostics;

/// <summary>
/// What the sessions of one name report. It costs a look at a flag where nobody listens, and a good token doesn't come by here at all. A
/// listener that throws costs no request its token.
/// </summary>
internal sealed class SessionTelemetry(Instruments instruments, string session, TimeProvider time)
{
    private readonly KeyValuePair<string, object?> _session = new(TokenRefreshTelemetry.SessionTag, session);

    private bool IsHeard => instruments.HeldRequests.Enabled || instruments.JoinedWaiters.Enabled || Instruments.Activities.HasListeners();

    /// <summary>Counts a session and its users' from now on.</summary>
    public void Observe(TokenSession own) => instruments.Observe(own);

    /// <summary>Waits for a flight's outcome.</summary>
    public Task<FlightFailure?> HoldAsync(Task<FlightFailure?> outcome, CancellationToken cancellationToken) =>
        !outcome.IsCompleted && IsHeard ? HoldHeardAsync(outcome, cancellationToken) : outcome.WaitAsync(cancellationToken);

    public void Replayed() => Count(instruments.Replays);

    public void Late401() => Count(instruments.Late401s);

    public void LoginDied(ReLoginReason reason)
    {
        try
        {
            if (instruments.ReLogins.Enabled)
            {
                instruments.ReLogins.Add(1, _session, new(TokenRefreshTelemetry.ReasonTag, TagValues.Of(reason)));
            }
        }
        catch (Exception)
        {
            // A listener's own.
        }
    }

    /// <summary>Begins to report on a flight. Called by its leader, where nothing of any request flows: its activity has no parent.</summary>
    public FlightReport Depart(Flight flight)
    {
        try
        {
            flight.Trace = Instruments.Activities.StartActivity(
                TokenRefreshTelemetry.FlightActivity, ActivityKind.Internal, parentContext: default, links: LinkTo(flight.CausedBy));
        }
        catch (Exception)
        {
            // A listener that throws is no reason to leave a flight without its leader.
        }

        return new FlightReport(instruments, _session, flight, time);
    }

    private async Task<FlightFailure?> HoldHeardAsync(Task<FlightFailure?> outcome, CancellationToken cancellationToken)
    {
        var flight = Flight.Of(outcome);
        var since = TimeProvider.System.GetUtcNow();
        if (!flight.Board())
        {
            Count(instruments.JoinedWaiters);
        }

        Held(1);
        try
        {
            return await outcome.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Held(-1);
            Trace(flight, since);
        }
    }

    // Written down when it is over: the flight has its own activity only since its leader runs, and a link can't be added later
    // on every target. Without an activity of the request's there is nothing to be part of.
    private void Trace(Flight flight, DateTimeOffset since)
    {
        try
        {
            if (Activity.Current is { } request && Instruments.Activities.HasListeners())
            {
                using var hold = Instruments.Activities.StartActivity(
                    TokenRefreshTelemetry.HoldActivity, ActivityKind.Internal, request.Context, tags: [_session], LinkTo(flight.Trace?.Context ?? default), since);
            }
        }
        catch (Exception)
        {
            // A listener's own.
        }
    }

    private void Held(int change)
    {
        try
        {
            instruments.HeldRequests.Add(change, _session);
        }
        catch (Exception)
        {
            // A listener's own.
        }
    }

    private static ActivityLink[] LinkTo(ActivityContext context) => context == default ? [] : [new ActivityLink(context)];

    private void Count(Counter<long> counter)
    {
        try
        {
            if (counter.Enabled)
            {
                counter.Add(1, _session);
            }
        }
        catch (Exception)
        {
            // A listener's own.
        }
    }
}

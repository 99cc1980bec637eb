using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace TokenRefresh.Diagnostics;

/// <summary>
/// The metrics and traces of the sessions of one name. Without a listener, a call for a request costs one flag check. Requests with a valid
/// token don't call it. A listener that throws has no effect on requests.
/// </summary>
internal sealed class SessionTelemetry(Instruments instruments, string session)
{
    private readonly KeyValuePair<string, object?> _session = new(TokenRefreshTelemetry.SessionTag, session);

    private bool HasWaitListeners =>
        instruments.WaitingRequests.Enabled || instruments.JoinedWaiters.Enabled || Instruments.Activities.HasListeners();

    public void Observe(IObservedSessions sessions) => instruments.Observe(sessions);

    public void Forget(IObservedSessions sessions) => instruments.Forget(sessions);

    public void Resent() => Count(instruments.Resends);

    public void Stale401() => Count(instruments.Stale401s);

    public void LoginEnded(ReLoginReason reason) =>
        Safely(() => instruments.LoginsEnded.Add(1, _session, new(TokenRefreshTelemetry.ReasonTag, TagValues.Of(reason))));

    /// <summary>Starts the activity of a refresh. It has no parent, and a link to the request that started the refresh.</summary>
    public static Activity? StartRefresh(ActivityContext trigger)
    {
        try
        {
            return Instruments.Activities.StartActivity(
                TokenRefreshTelemetry.RefreshActivity, ActivityKind.Internal, parentContext: default, links: LinkTo(trigger));
        }
        catch (Exception)
        {
            return null;
        }
    }

    public void RefreshEnded(RefreshMeasurement refresh) => Safely(() =>
    {
        var outcome = new KeyValuePair<string, object?>(TokenRefreshTelemetry.OutcomeTag, TagValues.Of(refresh.Outcome));
        instruments.Refreshes.Add(1, _session, new(TokenRefreshTelemetry.ReasonTag, refresh.Reason), outcome);
        instruments.RefreshDuration.Record(refresh.Duration.TotalSeconds, _session, outcome);
    });

    public void EndRefresh(Activity? activity, RefreshMeasurement refresh) => Safely(() =>
    {
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag(_session.Key, _session.Value);
            activity.SetTag(TokenRefreshTelemetry.ReasonTag, refresh.Reason);
            activity.SetTag(TokenRefreshTelemetry.OutcomeTag, TagValues.Of(refresh.Outcome));
            activity.SetTag(TokenRefreshTelemetry.WaitersTag, refresh.Waiters);
            if (refresh.Failure is not null)
            {
                activity.SetStatus(ActivityStatusCode.Error, refresh.Failure);
            }
        }

        activity?.Dispose();
    });

    /// <summary>Starts to measure a request's wait.</summary>
    /// <param name="isJoined">Whether another request had started the refresh.</param>
    /// <returns>When it started; <see langword="null"/> while no listener is attached.</returns>
    public DateTimeOffset? StartWait(bool isJoined)
    {
        if (!HasWaitListeners)
        {
            return null;
        }

        if (isJoined)
        {
            Count(instruments.JoinedWaiters);
        }

        AddWaiting(1);
        return TimeProvider.System.GetUtcNow();
    }

    /// <summary>Ends the measurement of a wait for this refresh.</summary>
    public void EndWait(DateTimeOffset startedAt, Activity? refresh)
    {
        AddWaiting(-1);
        Safely(() =>
        {
            // Written when the wait is over: the link needs the refresh's activity, which starts after the wait. A wait outside any
            // activity isn't traced.
            if (Activity.Current is { } request && Instruments.Activities.HasListeners())
            {
                using var activity = Instruments.Activities.StartActivity(
                    TokenRefreshTelemetry.WaitActivity,
                    ActivityKind.Internal,
                    request.Context,
                    tags: [_session],
                    LinkTo(refresh?.Context ?? default),
                    startedAt);
            }
        });
    }

    private void AddWaiting(int change) => Safely(() => instruments.WaitingRequests.Add(change, _session));

    // No delegate here: this is called for every request that is sent again.
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
            // A listener of the app failed.
        }
    }

    private static ActivityLink[] LinkTo(ActivityContext context) => context == default ? [] : [new ActivityLink(context)];

    private static void Safely(Action report)
    {
        try
        {
            report();
        }
        catch (Exception)
        {
            // A listener of the app failed.
        }
    }
}

/// <summary>The measurements of one refresh: its reason as a tag, and the message of its failure if it failed.</summary>
internal readonly record struct RefreshMeasurement(string Reason, FlightOutcome Outcome, TimeSpan Duration, int Waiters, string? Failure);

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Linq;

namespace TokenRefresh.Diagnostics;

/// <summary>The instruments of one meter: an app's own where there is dependency injection, else one for the whole process.</summary>
internal sealed class Instruments
{
    private static readonly string? Version = typeof(Instruments).Assembly.GetName().Version?.ToString(3);

    private static readonly TokenSessionState[] States =
        [TokenSessionState.NotLoaded, TokenSessionState.SignedOut, TokenSessionState.SignedIn, TokenSessionState.ReLoginRequired];

    private readonly object _lock = new();

    // Weakly: a session that was created by hand and never disposed must not stay because it is counted.
    private readonly List<WeakReference<TokenSession>> _sessions = [];

    private Instruments(Meter meter)
    {
        Refreshes = meter.CreateCounter<long>(TokenRefreshTelemetry.Refreshes, "{refresh}", "Refreshes that have ended.");
        RefreshDuration = CreateDuration(meter);
        HeldRequests = meter.CreateUpDownCounter<long>(TokenRefreshTelemetry.HeldRequests, "{request}", "Requests that wait for a refresh.");
        JoinedWaiters = meter.CreateCounter<long>(TokenRefreshTelemetry.JoinedWaiters, "{waiter}", "Waits for a refresh that another request had caused.");
        Replays = meter.CreateCounter<long>(TokenRefreshTelemetry.Replays, "{request}", "Requests that were sent again with a new token.");
        Late401s = meter.CreateCounter<long>(TokenRefreshTelemetry.Late401s, "{response}", "Refused tokens that had been replaced already: no refresh was needed.");
        ReLogins = meter.CreateCounter<long>(TokenRefreshTelemetry.ReLogins, "{login}", "Logins that have died.");
        meter.CreateObservableUpDownCounter(TokenRefreshTelemetry.Sessions, CountSessions, "{session}", "Sessions in memory.");
    }

    /// <summary>For sessions without dependency injection.</summary>
    public static Instruments Shared { get; } = new(new Meter(TokenRefreshTelemetry.MeterName, Version));

    public static ActivitySource Activities { get; } = new(TokenRefreshTelemetry.ActivitySourceName, Version ?? "");

    public Counter<long> Refreshes { get; }

    public Histogram<double> RefreshDuration { get; }

    public UpDownCounter<long> HeldRequests { get; }

    public Counter<long> JoinedWaiters { get; }

    public Counter<long> Replays { get; }

    public Counter<long> Late401s { get; }

    public Counter<long> ReLogins { get; }

    /// <summary>For the sessions of a container, whose meter is disposed with it.</summary>
    public static Instruments For(IMeterFactory? factory) => factory is null ? Shared : new(factory.Create(TokenRefreshTelemetry.MeterName, Version));

    /// <summary>Counts a session and its users' from now on.</summary>
    public void Observe(TokenSession session)
    {
        lock (_lock)
        {
            _sessions.Add(new WeakReference<TokenSession>(session));
        }
    }

    // Zeros are told too: a reader may keep the last value of a state that isn't mentioned.
    private IEnumerable<Measurement<long>> CountSessions() =>
        from named in Live().GroupBy(session => session.Name, StringComparer.Ordinal)
        let counts = CountByState(named.SelectMany(session => session.WithUsers))
        from state in States
        select new Measurement<long>(
            counts[(int)state],
            new KeyValuePair<string, object?>(TokenRefreshTelemetry.SessionTag, named.Key),
            new KeyValuePair<string, object?>(TokenRefreshTelemetry.StateTag, TagValues.Of(state)));

    private static long[] CountByState(IEnumerable<TokenSession> sessions)
    {
        var counts = new long[States.Length];
        foreach (var session in sessions)
        {
            counts[(int)session.State]++;
        }

        return counts;
    }

    private List<TokenSession> Live()
    {
        var live = new List<TokenSession>();
        lock (_lock)
        {
            _sessions.RemoveAll(reference =>
            {
                if (!reference.TryGetTarget(out var session) || session.Services.Work.Stopping.IsCancellationRequested)
                {
                    return true;
                }

                live.Add(session);
                return false;
            });
        }

        return live;
    }

    private static Histogram<double> CreateDuration(Meter meter)
    {
        const string Description = "How long refreshes took.";
#if NET9_0_OR_GREATER
        // A refresh takes longer than a request: attempts, a store, at worst RefreshTimeout.
        var advice = new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] };
        return meter.CreateHistogram(TokenRefreshTelemetry.RefreshDuration, "s", Description, tags: null, advice);
#else
        return meter.CreateHistogram<double>(TokenRefreshTelemetry.RefreshDuration, "s", Description);
#endif
    }
}

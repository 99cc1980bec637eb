using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Reflection;

namespace TokenRefresh.Diagnostics;

/// <summary>The instruments of one meter: of the container's meter with dependency injection, else of one meter for the process.</summary>
internal sealed class Instruments
{
    // Without the commit, which the SDK adds after a plus sign.
    private static readonly string? Version =
        typeof(Instruments).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0];

    private static readonly TokenSessionState[] States =
        [TokenSessionState.NotLoaded, TokenSessionState.SignedOut, TokenSessionState.SignedIn, TokenSessionState.ReLoginRequired];

    private readonly object _lock = new();

    // The references are weak: a session that was created without dependency injection and never disposed must not stay in memory because
    // it is counted.
    private readonly List<WeakReference<IObservedSessions>> _sessions = [];

    private Instruments(Meter meter)
    {
        Refreshes = meter.CreateCounter<long>(TokenRefreshTelemetry.Refreshes, "{refresh}", "Refreshes that have ended.");
        RefreshDuration = CreateDuration(meter);
        WaitingRequests = meter.CreateUpDownCounter<long>(
            TokenRefreshTelemetry.WaitingRequests, "{request}", "Requests that wait for a refresh.");
        JoinedWaiters = meter.CreateCounter<long>(
            TokenRefreshTelemetry.JoinedWaiters, "{waiter}", "Requests that waited for a refresh that was running already.");
        Resends = meter.CreateCounter<long>(TokenRefreshTelemetry.Resends, "{request}", "Requests that were sent again with a new token.");
        Stale401s = meter.CreateCounter<long>(
            TokenRefreshTelemetry.Stale401s,
            "{response}",
            "401s for tokens that had been replaced already, so that no refresh was needed.");
        LoginsEnded = meter.CreateCounter<long>(TokenRefreshTelemetry.LoginsEnded, "{login}", "Logins that have ended.");
        meter.CreateObservableUpDownCounter(TokenRefreshTelemetry.Sessions, CountSessions, "{session}", "Sessions in memory.");
    }

    /// <summary>For sessions without dependency injection.</summary>
    public static Instruments Shared { get; } = new(new Meter(TokenRefreshTelemetry.MeterName, Version));

    public static ActivitySource Activities { get; } = new(TokenRefreshTelemetry.ActivitySourceName, Version ?? "");

    public Counter<long> Refreshes { get; }

    public Histogram<double> RefreshDuration { get; }

    public UpDownCounter<long> WaitingRequests { get; }

    public Counter<long> JoinedWaiters { get; }

    public Counter<long> Resends { get; }

    public Counter<long> Stale401s { get; }

    public Counter<long> LoginsEnded { get; }

    /// <summary>For the sessions of a container, whose meter is disposed with it.</summary>
    public static Instruments For(IMeterFactory? factory) => factory is null
        ? Shared
        : new(factory.Create(TokenRefreshTelemetry.MeterName, Version));

    /// <summary>Counts these sessions until they are removed or collected.</summary>
    public void Observe(IObservedSessions sessions)
    {
        lock (_lock)
        {
            // Without a reader of the metric, nothing else would remove what was collected.
            if (_sessions.Count == _sessions.Capacity)
            {
                _sessions.RemoveAll(reference => !reference.TryGetTarget(out _));
            }

            _sessions.Add(new WeakReference<IObservedSessions>(sessions));
        }
    }

    public void Forget(IObservedSessions sessions)
    {
        lock (_lock)
        {
            _sessions.RemoveAll(reference => !reference.TryGetTarget(out var target) || target == sessions);
        }
    }

    // Zeros are reported, too: a reader may keep the last value of a state that isn't mentioned.
    private IEnumerable<Measurement<long>> CountSessions() =>
        from named in LiveSessions().GroupBy(sessions => sessions.Name, StringComparer.Ordinal)
        let counts = CountByState(named.SelectMany(sessions => sessions.States))
        from state in States
        select new Measurement<long>(
            counts[(int)state],
            new KeyValuePair<string, object?>(TokenRefreshTelemetry.SessionTag, named.Key),
            new KeyValuePair<string, object?>(TokenRefreshTelemetry.StateTag, TagValues.Of(state)));

    private static long[] CountByState(IEnumerable<TokenSessionState> sessions)
    {
        var counts = new long[States.Length];
        foreach (var state in sessions)
        {
            counts[(int)state]++;
        }

        return counts;
    }

    private List<IObservedSessions> LiveSessions()
    {
        lock (_lock)
        {
            return [.. _sessions.Select(reference => reference.TryGetTarget(out var live) ? live : null).OfType<IObservedSessions>()];
        }
    }

    private static Histogram<double> CreateDuration(Meter meter)
    {
        const string Description = "How long refreshes took.";
#if NET9_0_OR_GREATER
        // A refresh takes longer than a request, because of its attempts and the store: up to RefreshTimeout.
        var advice = new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
        };
        return meter.CreateHistogram(TokenRefreshTelemetry.RefreshDuration, "s", Description, tags: null, advice);
#else
        return meter.CreateHistogram<double>(TokenRefreshTelemetry.RefreshDuration, "s", Description);
#endif
    }
}

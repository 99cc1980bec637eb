using System.Diagnostics;

namespace TokenRefresh.SingleFlight;

/// <summary>One refresh in progress, and everything that waits for its result. It belongs to no request.</summary>
internal sealed class Flight(SessionSnapshot start, FlightReason reason)
{
    private static readonly AsyncLocal<Flight?> Ambient = new();

    // Waiters continue on pool threads, never on the leader's thread and never inside the gate.
    private readonly TaskCompletionSource<FlightResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The waits are a linked list: it costs no copies. An array for ten thousand of them would be a large object, which only a full
    // collection frees.
    private readonly object _waits = new();
    private FlightWait? _firstWait;
    private FlightWait? _lastWait;
    private int _waiters;
    private int _hasLeader;

    /// <summary>
    /// The flight that the current code runs in, set until the async method that sets it returns. It is used to detect a flight that waits
    /// for itself and would never end.
    /// </summary>
    public static Flight? Current
    {
        get => Ambient.Value;
        set => Ambient.Value = value;
    }

    /// <summary>The result of a join that found a newer snapshot.</summary>
    public static Flight Superseded { get; } = Ended(FlightResult.Completed);

    /// <summary>The snapshot to refresh.</summary>
    public SessionSnapshot Start { get; } = start;

    public FlightReason Reason { get; } = reason;

    /// <summary>
    /// The snapshot that this flight works on: the first one, then the one that it published last. Written under the gate.
    /// </summary>
    public SessionSnapshot Snapshot { get; set; } = start;

    /// <summary>The failure whose cool-down is running: this flight may read the store, but not call the endpoint.</summary>
    public FlightFailure? CallBlockedBy { get; init; }

    public Task<FlightResult> Result => _result.Task;

    /// <summary>The trace context of the request that started the flight. No other request state flows into a flight.</summary>
    public ActivityContext TriggerContext { get; } = Activity.Current?.Context ?? default;

    /// <summary>The flight's own trace.</summary>
    public Activity? Activity { get; set; }

    /// <summary>How many waits there have been for the result.</summary>
    public int Waiters => Volatile.Read(ref _waiters);

    /// <summary>A flight that has ended before it began.</summary>
    public static Flight Ended(FlightResult result)
    {
        // It has no work to do, so it needs no leader.
        var flight = new Flight(NotLoadedSnapshot.Initial, FlightReason.FirstUse) { _hasLeader = 1 };
        flight._result.SetResult(result);
        return flight;
    }

    /// <summary>Counts a waiter.</summary>
    /// <returns>Its number, from 1.</returns>
    public int AddWaiter() => Interlocked.Increment(ref _waiters);

    public bool HasLeader => Volatile.Read(ref _hasLeader) != 0;

    /// <summary>Elects the thread that leads.</summary>
    /// <returns><see langword="true"/> for the first caller only.</returns>
    public bool TryLead() => Interlocked.Exchange(ref _hasLeader, 1) == 0;

    /// <summary>Waits for the result. A wait that is cancelled leaves the flight as it is.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask<FlightResult> WaitAsync(CancellationToken cancellationToken)
    {
        if (Result.IsCompleted)
        {
            return new ValueTask<FlightResult>(Result.Result);
        }

        if (cancellationToken.IsCancellationRequested)
        {
            return new ValueTask<FlightResult>(Task.FromCanceled<FlightResult>(cancellationToken));
        }

        var wait = new FlightWait(this, cancellationToken);
        lock (_waits)
        {
            if (Result.IsCompleted)
            {
                return new ValueTask<FlightResult>(Result.Result);
            }

            if (_lastWait is null)
            {
                _firstWait = wait;
            }
            else
            {
                _lastWait.Next = wait;
            }

            _lastWait = wait;
        }

        wait.ObserveCancellation();
        return new ValueTask<FlightResult>(wait, token: 0);
    }

    /// <summary>Wakes everything that waits. Only the first result counts.</summary>
    public void Complete(FlightResult result)
    {
        if (!_result.TrySetResult(result))
        {
            return;
        }

        // A wait that isn't in the list yet finds the result by itself. The list is emptied, because a store or an endpoint may keep the
        // execution context of its call, and with it this flight. The flight must not keep the waits in memory.
        FlightWait? wait;
        lock (_waits)
        {
            wait = _firstWait;
            _firstWait = _lastWait = null;
        }

        while (wait is not null)
        {
            var next = wait.Next;
            wait.Next = null;
            wait.Complete();
            wait = next;
        }
    }
}

/// <summary>Why a flight was started.</summary>
internal enum FlightReason
{
    /// <summary>The store must be read, at first or again; or a client needs its first token.</summary>
    FirstUse,

    /// <summary>The access token has expired, or is about to.</summary>
    Expired,

    /// <summary>The API rejected the access token.</summary>
    Rejected,

    /// <summary>The access token is refreshed before its expiry, in the background.</summary>
    Proactive,

    /// <summary>The app called RefreshAsync.</summary>
    Requested,
}

using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh.SingleFlight;

/// <summary>One refresh under way. It belongs to nobody's request; everybody who needs it waits for its outcome.</summary>
internal sealed class Flight
{
    // Continuations run on their own: a waiter must not run on the leader's thread, still less inside its gate.
    private readonly TaskCompletionSource<FlightFailure?> _outcome;
    private readonly bool _isAwaited;
    private int _waiters;

    /// <param name="start">The generation to refresh.</param>
    /// <param name="cause">Why.</param>
    /// <param name="isAwaited">Whether who begins it also waits for it.</param>
    public Flight(Generation start, FlightCause cause, bool isAwaited)
    {
        _outcome = new(this, TaskCreationOptions.RunContinuationsAsynchronously);
        _isAwaited = isAwaited;
        Base = start;
        Cause = cause;
    }

    public FlightCause Cause { get; }

    /// <summary>The generation this flight works on: where it began, then whatever it published last. Written under the session's gate.</summary>
    public Generation Base { get; set; }

    /// <summary><see langword="null"/>: the session has moved on, look at it again. Never faulted, never cancelled.</summary>
    public Task<FlightFailure?> Outcome => _outcome.Task;

    /// <summary>The trace of the request that began it. A name to link to, and all that a flight knows of any request.</summary>
    public ActivityContext CausedBy { get; } = Activity.Current?.Context ?? default;

    /// <summary>The flight's own trace.</summary>
    public Activity? Trace { get; set; }

    /// <summary>How many have waited for it, as far as anybody listens.</summary>
    public int Waiters => Volatile.Read(ref _waiters);

    /// <summary>The flight that an outcome which isn't known yet belongs to.</summary>
    public static Flight Of(Task<FlightFailure?> outcome) => (Flight)outcome.AsyncState!;

    /// <summary>Counts a waiter.</summary>
    /// <returns><see langword="false"/>: it has joined a flight that another had begun.</returns>
    public bool Board() => Interlocked.Increment(ref _waiters) == 1 && _isAwaited;

    public void Complete(FlightFailure? failure) => _outcome.TrySetResult(failure);
}

using System;
using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh.SingleFlight;

/// <summary>One refresh under way. It belongs to nobody's request; everybody who needs it waits for its outcome.</summary>
internal sealed class Flight(Generation start, FlightCause cause)
{
    // Continuations run on their own: a waiter must not run on the leader's thread, still less inside its gate.
    private readonly TaskCompletionSource<FlightFailure?> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public FlightCause Cause { get; } = cause;

    /// <summary>The generation this flight works on: where it began, then whatever it published last. Written under the session's gate.</summary>
    public Generation Base { get; set; } = start;

    /// <summary><see langword="null"/>: the session has moved on, look at it again. Never faulted, never cancelled.</summary>
    public Task<FlightFailure?> Outcome => _outcome.Task;

    public void Complete(FlightFailure? failure) => _outcome.TrySetResult(failure);
}

using System.Threading.Tasks.Sources;

namespace TokenRefresh.SingleFlight;

/// <summary>One caller's wait for a flight. It ends with the flight or with the caller's cancellation, whichever comes first.</summary>
/// <remarks>
/// It does what <c>Task.WaitAsync</c> does, in half the memory: ten thousand requests may wait for one flight. It is awaited once, with
/// <c>ConfigureAwait(false)</c>, so it captures no context.
/// </remarks>
internal sealed class FlightWait(Flight flight, CancellationToken cancellationToken) : IValueTaskSource<FlightResult>, IThreadPoolWorkItem
{
    private static readonly object Cancelled = new();
    private static readonly Action<object?> NotNeeded = static _ => { };

    // The flight, until the wait ends: then its result, or Cancelled. This and the continuation are written once, by a compare-and-swap.
    // So exactly one of the flight, the cancellation and the caller itself continues the caller.
    private object _end = flight;
    private Action<object?>? _continuation;

    private object? _state;
    private CancellationToken _cancellationToken = cancellationToken;
    private CancellationTokenRegistration _registration;

    /// <summary>The next wait in the flight's list. The flight writes it.</summary>
    public FlightWait? Next { get; set; }

    /// <summary>Ends the wait when the caller cancels.</summary>
    public void ObserveCancellation() =>
        _registration = _cancellationToken.UnsafeRegister(static wait => ((FlightWait)wait!).Cancel(), this);

    /// <summary>Ends the wait after the flight, unless it was cancelled. The caller continues on a thread of the pool.</summary>
    public void Complete() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);

    void IThreadPoolWorkItem.Execute()
    {
        if (Volatile.Read(ref _end) is Flight flight)
        {
            End(flight, flight.Result.Result);
        }
    }

    // As with Task.WaitAsync, a cancelled caller continues at once on the thread that cancels, because the pool may have no free thread. A
    // thread with its own context or scheduler, such as a window's thread, may be the only one of its kind. Code that blocks there would
    // wait for itself, so the caller continues on the pool then.
    private void Cancel()
    {
        if (SynchronizationContext.Current is null && TaskScheduler.Current == TaskScheduler.Default)
        {
            EndCancelled();
            return;
        }

        ThreadPool.UnsafeQueueUserWorkItem(static wait => ((FlightWait)wait!).EndCancelled(), this);
    }

    private void EndCancelled()
    {
        if (Volatile.Read(ref _end) is Flight flight)
        {
            End(flight, Cancelled);
        }
    }

    private void End(Flight flight, object end)
    {
        if (Interlocked.CompareExchange(ref _end, end, flight) == flight
            && Interlocked.CompareExchange(ref _continuation, NotNeeded, null) is { } continuation)
        {
            // A cancelled wait stays in the flight's list. It must not keep the request alive.
            continuation(Interlocked.Exchange(ref _state, null));
        }
    }

    ValueTaskSourceStatus IValueTaskSource<FlightResult>.GetStatus(short token) => Volatile.Read(ref _end) switch
    {
        Flight => ValueTaskSourceStatus.Pending,
        FlightResult => ValueTaskSourceStatus.Succeeded,
        _ => ValueTaskSourceStatus.Canceled,
    };

    void IValueTaskSource<FlightResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        _state = state;
        if (Interlocked.CompareExchange(ref _continuation, continuation, null) is not null)
        {
            // The wait has ended since the caller looked.
            _state = null;
            _ = Task.Run(() => continuation(state), CancellationToken.None);
        }
    }

    FlightResult IValueTaskSource<FlightResult>.GetResult(short token)
    {
        // A cancelled wait stays in the flight's list. It must not keep the caller's token or its other registrations alive.
        var caller = _cancellationToken;
        _registration.Dispose();
        _registration = default;
        _cancellationToken = default;
        return Volatile.Read(ref _end) as FlightResult ?? Task.FromCanceled<FlightResult>(caller).GetAwaiter().GetResult();
    }
}

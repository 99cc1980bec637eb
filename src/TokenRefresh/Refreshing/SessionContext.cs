using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh.Refreshing;

/// <summary>
/// One session's state, with everything that its flights need: the services of its name, its user, and the app's event handlers.
/// </summary>
internal sealed class SessionContext(SessionServices services, string? userKey, TokenSession owner, SessionSnapshot initial)
    : SessionState(initial)
{
    private SessionListeners? _listeners;

    public SessionServices Services { get; } = services;

    public override FlightSettings Settings => Services.FlightSettings;

    public string? UserKey { get; } = userKey;

    /// <summary>The sender of the session's events.</summary>
    public TokenSession Owner { get; } = owner;

    public TokenSessionKey Key => new(Services.Name, UserKey);

    public LoginStore Store => Services.OpenStore(new(Services.Name, UserKey ?? Services.ClientRecord));

    /// <summary>The app's event handlers and the subscription to the store; <see langword="null"/> if there are none.</summary>
    public SessionListeners? Listeners => _listeners;

    /// <summary>Whether the app asked for this session after the cache last looked.</summary>
    public bool WasAccessed { get; set; }

    /// <summary>
    /// Whether the session can be evicted: its tokens are stored or absent, no refresh is running, and it has no event handlers.
    /// </summary>
    public bool CanBeEvicted => RunningFlight is null
        && Listeners?.HasNoHandler is not false
        && CoolDown?.Blocks(FlightReason.Expired, Services.Time, out _) is not true
        && Current switch
        {
            SignedInSnapshot signedIn => Services.HasStore && signedIn is { IsUnsaved: false, Rejection: null },
            SignedOutSnapshot signedOut => !Services.HasStore || signedOut is { AwaitsStore: false, UnsavedEndOf.IsNone: true },
            _ => true,
        };

    /// <summary>
    /// Whether <see cref="TokenRefreshOptions.RecheckInterval"/> is over for a session whose user is signed in. A running flight uses the
    /// record itself.
    /// </summary>
    public bool NeedsRecheck => Services.Rechecks is not null
        && Current is SignedInSnapshot
        && RunningFlight is null
        && Listeners?.Recheck is { IsDue: true };

    /// <summary>Waits for a flight's result. It allocates nothing of its own while no listener is attached.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled. The flight continues.</exception>
    public ValueTask<FlightResult> WaitForAsync(Flight flight, CancellationToken cancellationToken)
    {
        var isJoined = flight.AddWaiter() > 1 || flight.Reason == FlightReason.Proactive;
        return !flight.Result.IsCompleted && Services.Telemetry.StartWait(isJoined) is { } startedAt
            ? WaitAndMeasureAsync(flight, startedAt, cancellationToken)
            : flight.WaitAsync(cancellationToken);
    }

    /// <summary>Reads the store again, if that is due, and waits until the session has the stored login.</summary>
    /// <exception cref="OperationCanceledException">The caller's token was cancelled.</exception>
    public Task RecheckAsync(CancellationToken cancellationToken) => NeedsRecheck
        ? Listeners!.Recheck!.JoinAsync(this).WaitAsync(cancellationToken)
        : Task.CompletedTask;

    /// <summary>Returns the event handlers in order to add one. A session with event handlers stays in memory.</summary>
    public SessionListeners AddHandlers()
    {
        var listeners = MakeListeners();
        OnSignedIn();
        return listeners;
    }

    /// <summary>Reads the store whenever another process changes this session's record, if the store can notify.</summary>
    public void SubscribeToStore()
    {
        if (Services is { Store: ITokenStoreNotifications store, UsesClientCredentials: false, Work.IsStopping: false })
        {
            MakeListeners().SubscribeToStore(this, store);
            KeepAlive();
        }
    }

#if NET8_0_OR_GREATER
    /// <summary>
    /// Waits for a due read of the store on the calling thread. The limit is real time, because callers that block may use the threads that
    /// the read needs to end.
    /// </summary>
    /// <exception cref="OperationCanceledException">The caller's token was cancelled.</exception>
    public void RecheckOnThisThread(CancellationToken cancellationToken)
    {
        if (NeedsRecheck)
        {
            Listeners!.Recheck!.JoinOnOwnThread(this).Wait((int)StoreRecheck.ReadTimeout.TotalMilliseconds, cancellationToken);
        }
    }

    /// <summary>Waits for a flight on the calling thread. The flight doesn't depend on a pool thread that another caller blocks.</summary>
    /// <exception cref="OperationCanceledException">The caller's token was cancelled.</exception>
    public FlightResult WaitOnThisThread(Flight flight, CancellationToken cancellationToken)
    {
        flight.AddWaiter();
        FlightLauncher.LeadOnOwnThread(this, flight);
        flight.Result.Wait(cancellationToken);
        return flight.Result.Result;
    }
#endif

    /// <summary>Does what follows a flight. A disposal waits for it, and the app is notified of its outcome.</summary>
    public Task FollowUpAsync(Func<Task<FlightRun>> work) => Services.Work.RunFollowUpAsync(async () =>
    {
        var run = await work().ConfigureAwait(false);
        Revoker.Start(this, run.Orphaned);
        await SessionEvents.RaiseAsync(this, run.Event).ConfigureAwait(false);
    });

    private async ValueTask<FlightResult> WaitAndMeasureAsync(
        Flight flight, DateTimeOffset startedAt, CancellationToken cancellationToken)
    {
        try
        {
            return await flight.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Services.Telemetry.EndWait(startedAt, flight.Activity);
        }
    }

    protected override void Lead(Flight flight) => FlightLauncher.LeadOnPool(this, flight);

    protected override void OnSignedIn()
    {
        SubscribeToStore();
        if (Services.Rechecks is { } rechecks)
        {
            MakeListeners().StartRechecks(rechecks);
        }

        KeepAlive();
    }

    private void KeepAlive()
    {
        if (UserKey is not null)
        {
            Services.Cache!.KeepAlive(this);
        }
    }

    private SessionListeners MakeListeners()
    {
        Interlocked.CompareExchange(ref _listeners, new SessionListeners(), null);
        return _listeners;
    }
}

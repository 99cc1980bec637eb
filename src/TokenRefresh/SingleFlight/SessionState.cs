namespace TokenRefresh.SingleFlight;

/// <summary>
/// The state of one session: its snapshot, its flight and its cool-down. They change here and nowhere else, inside the session's gate.
/// The rules are in this folder's README.
/// </summary>
internal abstract class SessionState(SessionSnapshot initial)
{
    private volatile SessionSnapshot _current = initial;
    private volatile Flight? _flight;
    private volatile CoolDown? _coolDown;

    public SessionSnapshot Current => _current;

    public abstract FlightSettings Settings { get; }

    /// <summary>The cool-down of the last failure; <see langword="null"/> if the last flight succeeded.</summary>
    public CoolDown? CoolDown => _coolDown;

    /// <summary>The flight that is running; <see langword="null"/> if none is.</summary>
    public Flight? RunningFlight => _flight;

    /// <summary>
    /// Returns the open flight for the snapshot that the caller has seen, or starts one. The caller waits for its result and reads the
    /// session again.
    /// </summary>
    public Flight Join(SessionSnapshot seen, FlightReason reason)
    {
        var open = _flight;
        if (open is not null && open == Flight.Current)
        {
            return Flight.Ended(FlightResult.Failed(FlightFailure.WaitsForItself(Settings.SessionName)));
        }

        // Another caller is refreshing this snapshot already: followers don't need the gate.
        if (open?.Snapshot == seen)
        {
            return open;
        }

        Flight flight;
        using (EnterGate())
        {
            // Check again while we hold the gate.
            if (_current != seen)
            {
                return Flight.Superseded;
            }

            if (_flight is not null)
            {
                return _flight;
            }

            flight = OpenFlight(seen, reason);
        }

        if (!flight.Result.IsCompleted)
        {
            Lead(flight);
        }

        return flight;
    }

    /// <summary>
    /// Publishes a snapshot, unless another one was published since <paramref name="expected"/>: a sign-in or sign-out wins.
    /// </summary>
    public bool TryPublish(SessionSnapshot expected, SessionSnapshot next)
    {
        if (next is SignedInSnapshot)
        {
            OnSignedIn();
        }

        using (EnterGate())
        {
            if (_current != expected)
            {
                return false;
            }

            (next as SignedInSnapshot)?.Follow(_current);
            _current = next;
            if (_flight?.Snapshot == expected)
            {
                _flight.Snapshot = next;
            }

            if (next is SignedInSnapshot { AccessToken: var slot } && slot != (expected as SignedInSnapshot)?.AccessToken)
            {
                // A late result, or tokens of another process, may arrive after a flight has failed. They end the cool-down too.
                _coolDown = null;
            }

            return true;
        }
    }

    /// <summary>
    /// Publishes a sign-in or a sign-out, unless a newer one was published. An open flight continues, but publishes nothing more.
    /// </summary>
    public void StartLogin(SessionSnapshot next) => TryStartLogin(replaced: null, next);

    /// <summary>The same, for a sign-in whose tokens depend on the snapshot that it replaces.</summary>
    /// <returns>
    /// <see langword="false"/> if another snapshot was published since <paramref name="replaced"/>. With a store it is always
    /// <see langword="true"/>, because the write to the store has decided the order.
    /// </returns>
    public bool TryStartLogin(SessionSnapshot? replaced, SessionSnapshot next)
    {
        if (next is SignedInSnapshot)
        {
            OnSignedIn();
        }

        Flight? superseded = null;
        using (EnterGate())
        {
            if (!Settings.HasStore && replaced is not null && replaced != _current)
            {
                return false;
            }

            // The store assigns the versions, so the higher version wins. Unsaved tokens may have the same version, and lose.
            if (!Settings.HasStore
                || next.Version > _current.Version
                || (next.Version == _current.Version && _current is SignedInSnapshot { IsUnsaved: true }))
            {
                superseded = Supersede(next);
            }
        }

        superseded?.Complete(FlightResult.Completed);
        return true;
    }

    /// <summary>Ends the login in this process at once, before the store records the sign-out.</summary>
    /// <param name="signedOut">The snapshot that is current now.</param>
    /// <returns>The snapshot that was current.</returns>
    public SessionSnapshot EndLogin(out SignedOutSnapshot signedOut)
    {
        SessionSnapshot ended;
        Flight? superseded;
        using (EnterGate())
        {
            ended = _current;
            signedOut = SignedOutSnapshot.UnsavedEnd(ended);
            superseded = Supersede(signedOut);
        }

        superseded?.Complete(FlightResult.Completed);
        return ended;
    }

    /// <summary>Closes a flight, unless a sign-in or sign-out has replaced it.</summary>
    /// <returns>The result for the waiters. A failure that starts a cool-down has its length.</returns>
    public FlightResult Land(Flight flight, FlightResult result)
    {
        using (EnterGate())
        {
            if (_flight != flight)
            {
                return result;
            }

            _flight = null;
            if (!result.IsFailure(out var failure))
            {
                _coolDown = null;
            }
            else if (flight.CallBlockedBy is null && !failure.IsDisposed)
            {
                _coolDown = CoolDown.After(_coolDown, failure, flight.Reason, Settings.Time, Settings.Random());
                return FlightResult.Failed(failure with { Remaining = _coolDown.Pause });
            }

            return result;
        }
    }

    /// <summary>Marks the access token of <paramref name="sent"/> as rejected, so that it isn't sent again.</summary>
    /// <returns><see langword="false"/> if the token was refreshed so recently that another refresh wouldn't help.</returns>
    public bool TryReject(SignedInSnapshot sent)
    {
        var isBeingRefreshed = _flight?.Start == sent;
        if (_current == sent && !isBeingRefreshed && sent.AccessToken.WasJustRefreshed(Settings.MinRefreshInterval, Settings.Time))
        {
            return false;
        }

        sent.AccessToken.Reject();
        return true;
    }

    /// <summary>Starts a refresh of a rejected token that no request waits for.</summary>
    public void StartRefreshAfterRejection(SignedInSnapshot sent)
    {
        if (_current == sent && TryReject(sent))
        {
            Join(sent, FlightReason.Rejected);
        }
    }

    /// <summary>Starts the leader of a new flight. The method must return at once.</summary>
    protected abstract void Lead(Flight flight);

    /// <summary>Called before tokens are published.</summary>
    protected abstract void OnSignedIn();

    private Flight OpenFlight(SessionSnapshot seen, FlightReason reason)
    {
        if (_coolDown is not { } coolDown || !coolDown.Blocks(reason, Settings.Time, out var failure))
        {
            return _flight = new Flight(seen, reason);
        }

        return Settings.HasStore && reason != FlightReason.Proactive && coolDown.TryLook(Settings.Time)
            ? _flight = new Flight(seen, reason) { CallBlockedBy = failure }
            : Flight.Ended(FlightResult.Failed(failure));
    }

    private Flight? Supersede(SessionSnapshot next)
    {
        var superseded = _flight;
        (next as SignedInSnapshot)?.Follow(_current);
        _current = next;
        _flight = null;
        _coolDown = null;
        return superseded;
    }

    // The only place that takes the gate. It is held for a few instructions, never across an await, I/O or a callback.
    private GateHolder EnterGate()
    {
        var gate = Settings.Gates.For(this);
        gate.Wait();
        return new GateHolder(gate);
    }

    private readonly struct GateHolder(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}

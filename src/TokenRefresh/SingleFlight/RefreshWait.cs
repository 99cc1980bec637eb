namespace TokenRefresh.SingleFlight;

/// <summary>
/// The one loop of everything that waits for a token. Call <see cref="MoveNext"/> until it returns <see langword="false"/>. After each call
/// wait for the flight, and pass its result to <see cref="CanContinueAfter"/>. The session is always the same.
/// </summary>
/// <remarks>The caller awaits, not this struct: a second async method would double the memory of a waiting request.</remarks>
internal struct RefreshWait
{
    // After three refreshed tokens that are stale at once, stop waiting and continue with the current one.
    private const int MaxFlights = 3;

    // A request that was sent belongs to a login: its wait ends with the login.
    private readonly bool _isSent;
    private byte _flights;

    private RefreshWait(SessionSnapshot current, bool isSent)
    {
        _isSent = isSent;
        Current = current;
    }

    /// <summary>The snapshot to continue with.</summary>
    public SessionSnapshot Current { get; private set; }

    /// <summary>Waits until there is a token that may be sent, or none is needed.</summary>
    public static RefreshWait ForToken(SessionState session) => new(session.Current, isSent: false);

    /// <summary>Waits, after a 401, for another access token than the one that was sent.</summary>
    public static RefreshWait AfterRejection(SessionState session, SignedInSnapshot sent)
    {
        // A token that was just refreshed isn't rejected. Then there is nothing to wait for, and the caller gets the 401.
        session.TryReject(sent);
        return new(sent, isSent: true);
    }

    /// <summary>Reads the session, and joins a flight if there is no token to continue with.</summary>
    /// <returns>Whether to wait for the flight. Otherwise continue with <see cref="Current"/>.</returns>
    public bool MoveNext(SessionState session, out Flight flight)
    {
        flight = Flight.Superseded;
        var loginId = Current.LoginId;
        Current = session.Current;
        if (_isSent && Current.LoginId != loginId)
        {
            return false;
        }

        switch (Current.Decide(session.Settings.Time))
        {
            case RefreshDecision.Wait when _flights < MaxFlights:
                _flights++;
                flight = session.Join(Current, ReasonFor(Current));
                return true;

            case RefreshDecision.SendAndRefresh:
                session.Join(Current, FlightReason.Proactive);
                return false;

            default:
                return false;
        }
    }

    /// <summary>
    /// Whether to call <see cref="MoveNext"/> again. If not, the flight failed, but <see cref="Current"/> can still be used.
    /// </summary>
    /// <exception cref="TokenRefreshException">The flight failed, and there is no token that may be sent.</exception>
    public bool CanContinueAfter(SessionState session, FlightResult result)
    {
        if (!result.IsFailure(out var failure))
        {
            return true;
        }

        // After a proactive refresh the token may still be valid. Without a login, the flight only read the store.
        Current = session.Current;
        var isUsable = Current switch
        {
            SignedInSnapshot signedIn => signedIn.AccessToken.IsUnexpired(session.Settings.Time),
            SignedOutSnapshot => true,
            EndedSnapshot ended => !ended.CanAskUser,
            _ => false,
        };
        return isUsable ? false : throw failure.ToException();
    }

    /// <summary>Whether the rejected token had been replaced before its 401 arrived, so that no flight was needed.</summary>
    public readonly bool WasAlreadyReplaced => _flights == 0 && Current is SignedInSnapshot;

    private static FlightReason ReasonFor(SessionSnapshot snapshot) => snapshot switch
    {
        SignedInSnapshot { AccessToken.IsRejected: true } => FlightReason.Rejected,
        SignedInSnapshot => FlightReason.Expired,
        _ => FlightReason.FirstUse,
    };
}

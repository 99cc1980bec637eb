using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh.Refreshing;

/// <summary>Runs one flight: load, acquire the lease, call the endpoint, save, publish. The launcher wakes the waiters last.</summary>
internal sealed class FlightRunner(SessionContext session, Flight flight)
{
    private readonly SessionServices _services = session.Services;
    private readonly SessionPublisher _publisher = new(session, flight.Start);
    private readonly SharedLease _lease = new(session);

    // The endpoint returned a new refresh token without an access token. It is called once with the new refresh token.
    private bool _hasNewRefreshToken;

    /// <summary>Runs the flight to its end.</summary>
    public async Task<FlightRun> RunAsync()
    {
        using var deadline = _services.Time.CreateTimeout(_services.Options.RefreshTimeout);
        using var aborting = _services.Work.Aborting.Register(static source => ((CancellationTokenSource)source!).Cancel(), deadline);
        try
        {
            var run = await LoadAsync(deadline.Token).ConfigureAwait(false);
            if (run.IsUnfinished)
            {
                run = await RefreshAsync(deadline.Token).ConfigureAwait(false);
            }

            return _publisher.Snapshot is EndedSnapshot { CanAskUser: true } && flight.Reason != FlightReason.Proactive
                ? await new InteractiveSignIn(session, flight, _publisher).RunAsync(run).ConfigureAwait(false)
                : run;
        }
        catch (StoreException e)
        {
            _services.StoreFailed(e);
            return FlightRun.Failed(flight.CallBlockedBy ?? (deadline.IsCancellationRequested
                ? FailureMessages.TimedOut(_services.Name, _services.Options.RefreshTimeout)
                : FailureMessages.Store(_services.Name, e.Cause)));
        }
    }

    /// <summary>Reads the store, if this process doesn't know the tokens or must not call the endpoint.</summary>
    private async Task<FlightRun> LoadAsync(CancellationToken cancellationToken)
    {
        if (flight.CallBlockedBy is null && (flight.Start is SignedInSnapshot || _services.UsesClientCredentials))
        {
            // Acquiring the lease reads the store.
            return FlightRun.Unfinished;
        }

        session.SubscribeToStore();
        var found = await session.Store.LoadAsync(HeldLogins.Of(_publisher.Snapshot, _services), cancellationToken).ConfigureAwait(false);
        var run = _publisher.Load(found);
        if (!run.IsUnfinished)
        {
            return run;
        }

        // Tokens that this process knew before are to be replaced, also if they are still valid: the app may have requested it.
        return flight.Start is not SignedInSnapshot && _publisher.Snapshot.Decide(_services.Time) != RefreshDecision.Wait
            ? FlightRun.Superseded
            : flight.CallBlockedBy is { } failure ? FlightRun.Failed(failure)
            : FlightRun.Unfinished;
    }

    /// <summary>Acquires the lease and requests tokens, until there are new tokens or a failure.</summary>
    private async Task<FlightRun> RefreshAsync(CancellationToken cancellationToken)
    {
        // Nothing is loaded yet: a client needs its first token.
        while (_publisher.Snapshot is var start && start is SignedInSnapshot or NotLoadedSnapshot && session.Current == start)
        {
            if (start is SignedInSnapshot { IsUnsaved: true } unsaved)
            {
                if (await DeferredSave.TrySaveAsync(session, unsaved).ConfigureAwait(false))
                {
                    // If the store has newer tokens or an end of the login, the session has it now.
                    continue;
                }

                return FlightRun.Failed(FailureMessages.Store(_services.Name, new TimeoutException("The last tokens aren't saved yet.")));
            }

            var lease = LeaseClaim.For(start, _services);
            var acquired = await _lease.AcquireAsync(start, lease, cancellationToken).ConfigureAwait(false);
            using var storeLock = new LeaseLock(acquired.Lock);
            _publisher.StoreLock = storeLock;
            var run = acquired.Status switch
            {
                LoginStatus.Leased when await _lease.FollowAsync(acquired, cancellationToken).ConfigureAwait(false) => FlightRun.Unfinished,
                LoginStatus.RetryLater => FlightRun.Failed(FailureMessages.RetryLater(_services.Name, acquired.Delay)),
                not LoginStatus.Newer when start is NotLoadedSnapshot =>
                    await RequestClientTokenAsync(start, lease, acquired, cancellationToken).ConfigureAwait(false),
                LoginStatus.Succeeded or LoginStatus.Leased when _services.UsesClientCredentials =>
                    await RequestClientTokenAsync(start, lease, acquired, cancellationToken).ConfigureAwait(false),
                LoginStatus.Succeeded =>
                    await UseRefreshTokenAsync((SignedInSnapshot)start, lease, acquired, cancellationToken).ConfigureAwait(false),
                _ => Adopt(start, acquired),
            };
            if (!run.IsUnfinished)
            {
                return run;
            }
        }

        return FlightRun.Superseded;
    }

    private FlightRun Adopt(SessionSnapshot start, LoginStoreResult found)
    {
        var run = _publisher.AdoptNewer(found);

        // The same tokens under another version still need a refresh.
        return (start, _publisher.Snapshot) is (SignedInSnapshot before, SignedInSnapshot now)
            && now != before && now.Tokens.HasSameTokensAs(before.Tokens)
            ? FlightRun.Unfinished
            : run;
    }

    /// <summary>Requests a client's own token (RFC 6749, section 4.4). It uses up no refresh token, so it doesn't need the store.</summary>
    private async Task<FlightRun> RequestClientTokenAsync(
        SessionSnapshot start, LeaseClaim lease, LoginStoreResult acquired, CancellationToken cancellationToken)
    {
        var held = start is SignedInSnapshot
            ? HeldLogins.Of(start, _services) with { Revision = acquired.Revision }
            : HeldLogin.SignedOut(acquired.Version);
        var call = new TokenCall(session, flight, start, lease, held);
        var result = await call.SendAsync(refreshToken: null, cancellationToken).ConfigureAwait(false);
        return result.Tokens is { } tokens ? await _publisher.SaveAsync(held, tokens).ConfigureAwait(false)
            : ReferenceEquals(result, TokenCall.LeaseExpired) ? FlightRun.Unfinished
            : await FailAsync(start, held, lease, result).ConfigureAwait(false);
    }

    /// <summary>Calls the endpoint with the refresh token and saves what it returns.</summary>
    private async Task<FlightRun> UseRefreshTokenAsync(
        SignedInSnapshot start, LeaseClaim lease, LoginStoreResult acquired, CancellationToken cancellationToken)
    {
        var held = HeldLogins.Of(start, _services) with { Revision = acquired.Revision };
        if (acquired.Record.PossiblyUsed && start.Rejection is null)
        {
            start.MarkPossiblyUsed();
        }

        if (start.Tokens.RefreshToken is not { } refreshToken)
        {
            return await EndWithoutRefreshTokenAsync(start, held, lease, cancellationToken).ConfigureAwait(false);
        }

        var call = new TokenCall(session, flight, start, lease, held);
        var result = start.Rejection ?? await call.SendAsync(refreshToken, cancellationToken).ConfigureAwait(false);
        if (result.NewRefreshToken is { } newRefreshToken)
        {
            return await SaveNewRefreshTokenAsync(held, newRefreshToken, result).ConfigureAwait(false);
        }

        switch (result.Outcome)
        {
            case TokenEndpointOutcome.Succeeded:
                return await _publisher.SaveAsync(held, result.Tokens!).ConfigureAwait(false);

            case TokenEndpointOutcome.Rejected or TokenEndpointOutcome.InteractionRequired:
                return await EndRejectedAsync(start, held, lease, result, cancellationToken).ConfigureAwait(false);

            case var _ when ReferenceEquals(result, TokenCall.LeaseExpired):
                // The machine slept, and another process may have used the refresh token. Read the store again.
                return FlightRun.Unfinished;

            default:
                return await FailAsync(start, held, lease, result).ConfigureAwait(false);
        }
    }

    /// <summary>Releases the lease. The record tells other processes of a pause, and whether the refresh token is possibly used.</summary>
    private async Task<FlightRun> FailAsync(SessionSnapshot start, HeldLogin held, LeaseClaim lease, TokenEndpointResult failure)
    {
        var isPossiblyUsed = start is SignedInSnapshot { IsPossiblyUsed: true };
        var release = new LeaseRelease { RetryAfter = CoolDown.CapRetryAfter(failure.RetryAfter), PossiblyUsed = isPossiblyUsed };
        await _lease.ReleaseAsync(held, lease, release).ConfigureAwait(false);
        return FlightRun.Failed(FailureMessages.From(_services.Name, failure));
    }

    private async Task<FlightRun> SaveNewRefreshTokenAsync(HeldLogin held, string newRefreshToken, TokenEndpointResult result)
    {
        // The old refresh token is used up. Save the new one before anything else in the response is looked at.
        var run = await _publisher.SaveRefreshTokenAsync(held, newRefreshToken).ConfigureAwait(false);
        if (!run.IsUnfinished)
        {
            return run;
        }

        if (result.Outcome != TokenEndpointOutcome.RefreshTokenOnly || _hasNewRefreshToken)
        {
            return FlightRun.Failed(FailureMessages.From(_services.Name, result));
        }

        _hasNewRefreshToken = true;
        return FlightRun.Unfinished;
    }

    /// <summary>Ends a login whose refresh token was rejected.</summary>
    private async Task<FlightRun> EndRejectedAsync(
        SignedInSnapshot start, HeldLogin held, LeaseClaim lease, TokenEndpointResult result, CancellationToken cancellationToken)
    {
        // If the store can't be written now, keep the rejection and write it later. Never send the rejected refresh token again.
        start.KeepRejection(result);
        var reason = result.Outcome == TokenEndpointOutcome.InteractionRequired ? ReLoginReason.InteractionRequired
            : start.IsPossiblyUsed ? ReLoginReason.LostRotation
            : ReLoginReason.Rejected;
        LoginStoreResult ended;
        try
        {
            ended = await session.Store.EndAsync(held, lease.Lease, reason, result.Error).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            _services.StoreFailed(e);
            return FlightRun.Failed(FailureMessages.Store(
                _services.Name,
                e.Cause,
                "The server rejected the refresh token, and the token store can't be reached to record that. Try again later."));
        }

        return await AdoptEndAsync(ended, cancellationToken).ConfigureAwait(false);
    }

    private async Task<FlightRun> EndWithoutRefreshTokenAsync(
        SignedInSnapshot start, HeldLogin held, LeaseClaim lease, CancellationToken cancellationToken)
    {
        if (flight.Reason == FlightReason.Requested && start.AccessToken.IsUnexpired(_services.Time))
        {
            // There is no need to refresh: keep the login. The caller of RefreshAsync gets an exception.
            await _lease.ReleaseAsync(held, lease, new LeaseRelease()).ConfigureAwait(false);
            return FlightRun.Superseded;
        }

        var ended = await session.Store.EndAsync(held, lease.Lease, ReLoginReason.NoRefreshToken, error: null).ConfigureAwait(false);
        return await AdoptEndAsync(ended, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Publishes the end of the login, or newer tokens. If another process has taken over the lease, its result decides.</summary>
    private async Task<FlightRun> AdoptEndAsync(LoginStoreResult ended, CancellationToken cancellationToken)
    {
        if (ended.Status != LoginStatus.Leased)
        {
            return _publisher.AdoptNewer(ended);
        }

        await _lease.FollowAsync(ended, cancellationToken).ConfigureAwait(false);
        return FlightRun.Unfinished;
    }
}

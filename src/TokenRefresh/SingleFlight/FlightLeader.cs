using System;
using System.Threading;
using System.Threading.Tasks;
using TokenRefresh.Diagnostics;
using TokenRefresh.Storage;

namespace TokenRefresh.SingleFlight;

/// <summary>
/// Leads one flight from beginning to end: load, claim, ask, commit. Save first, publish second; waiters are woken by the session, third.
/// </summary>
internal sealed partial class FlightLeader(TokenSession session, Flight flight)
{
    private readonly SessionServices _services = session.Services;
    private readonly LoginStore _store = session.Store;
    private bool _askedForSuccessor;

    // The endpoint has given an access token.
    private bool _isAnswered;

    private static readonly TimeSpan LeaseMargin = TimeSpan.FromSeconds(5);

    /// <summary>What the app is to hear when the flight has landed.</summary>
    public EventArgs? Announcement { get; private set; }

    /// <summary>What came of it, failures aside.</summary>
    public FlightOutcome Outcome { get; private set; }

    /// <summary>Runs the flight.</summary>
    /// <returns><see langword="null"/>: the session has moved on.</returns>
    public async Task<FlightFailure?> RunAsync()
    {
        FlightScope.Enter(flight);
        Log.FlightBegun(_services.Logger, session.Name, flight.Cause);
        using var deadline = _services.Time.CreateTimeout(_services.Options.RefreshTimeout);
        try
        {
            if (flight.Base.State != TokenSessionState.SignedIn)
            {
                // The first use, or a look whether somebody else has signed in.
                Adopt(await _store.LoadAsync(flight.Base.Held(_services.Time), deadline.Token).ConfigureAwait(false), isNews: false);
                if (RefreshDecisions.For(flight.Base, _services.Time) != RefreshDecision.Hold)
                {
                    return null;
                }
            }

            var failure = flight.Base.State == TokenSessionState.NotLoaded
                ? await AskForClientAsync(deadline.Token).ConfigureAwait(false)
                : await RefreshAsync(deadline.Token).ConfigureAwait(false);
            if (flight.Base.CanAskUser && flight.Cause != FlightCause.Ahead)
            {
                await AskUserAsync().ConfigureAwait(false);
            }

            return failure;
        }
        catch (StoreException e)
        {
            Log.StoreFailed(_services.Logger, session.Name, e.Cause.GetType().Name);
            return deadline.IsCancellationRequested
                ? FlightFailures.TimedOut(session.Name, _services.Options.RefreshTimeout)
                : FlightFailures.Store(session.Name, e.Cause);
        }
    }

    private async Task<FlightFailure?> RefreshAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var start = flight.Base;
            if (start.State != TokenSessionState.SignedIn)
            {
                return null;
            }

            if (start.IsUnsaved && !await OwedSave.TryAsync(session, start).ConfigureAwait(false))
            {
                return FlightFailures.Store(session.Name, new TimeoutException("The last tokens aren't saved yet."));
            }

            var lease = new RefreshLease(Guid.NewGuid().ToString("N"), _services.Options.RefreshTimeout + LeaseMargin);
            var result = await _store.AcquireAsync(start.Held(_services.Time), lease, cancellationToken).ConfigureAwait(false);
            using var storeLock = result.Lock;
            switch (result.Status)
            {
                case LoginStatus.Succeeded:
                    start.Mark = start.Mark is { } mark ? mark with { Revision = result.Revision } : null;
                    if (result.PossiblyUsed && start.Verdict is null)
                    {
                        // Somebody's claim ended without a word. Not our own, whose answer the store couldn't be told.
                        start.Doubt();
                    }

                    var (isDone, failure) = await AskAndCommitAsync(lease, cancellationToken).ConfigureAwait(false);
                    if (isDone)
                    {
                        return failure;
                    }

                    continue;

                case LoginStatus.Leased:
                    Log.Following(_services.Logger, session.Name);
                    await _store.WaitForChangeAsync(result, cancellationToken).ConfigureAwait(false);
                    continue;

                case LoginStatus.RetryLater:
                    return FlightFailures.BackOff(session.Name, result.Delay);

                default:
                    Adopt(result, isNews: true);
                    break;
            }

            // The store knew more than we did, or a sign-in or sign-out came first. The very same tokens under another version are no news.
            if (flight.Base == start || !IsSame(flight.Base.Tokens, start.Tokens!))
            {
                return null;
            }
        }
    }

    /// <summary>Spends the refresh token.</summary>
    /// <returns>Not done: a new refresh token was saved, and is to be claimed and asked with.</returns>
    private async Task<(bool IsDone, FlightFailure? Failure)> AskAndCommitAsync(RefreshLease lease, CancellationToken cancellationToken)
    {
        var start = flight.Base;
        var refreshToken = _services.IsOwnClient ? null : start.Tokens!.RefreshToken;
        if (refreshToken is null && !_services.IsOwnClient && flight.Cause == FlightCause.Forced && start.IsAlive(_services.Time))
        {
            // There is nothing to refresh with, and no need to: whoever asked is told, and the login is kept.
            await ReleaseAsync(lease, new LeaseRelease()).ConfigureAwait(false);
            return (true, null);
        }

        var result = start.Verdict ?? (refreshToken is not null || _services.IsOwnClient
            ? await AskAsync(refreshToken, cancellationToken).ConfigureAwait(false)
            : TokenEndpointResult.Rejected(error: null));

        if (result.NewRefreshToken is { } successor)
        {
            // The one just spent is dead: whatever else the answer says, its successor is saved before anything.
            await CommitAsync(start.Tokens!.WithRefreshToken(successor), isRefreshed: false).ConfigureAwait(false);
            if (result.Outcome == TokenEndpointOutcome.RefreshTokenOnly && !_askedForSuccessor)
            {
                _askedForSuccessor = true;
                return (false, null);
            }

            return (true, Failed(result));
        }

        switch (result.Outcome)
        {
            case TokenEndpointOutcome.Succeeded:
                await CommitAsync(result.Tokens!, isRefreshed: true).ConfigureAwait(false);
                return (true, null);

            case TokenEndpointOutcome.Rejected or TokenEndpointOutcome.InteractionRequired:
                await EndAsync(lease, result).ConfigureAwait(false);
                return (true, null);

            default:
                await ReleaseAsync(lease, new LeaseRelease { RetryAfter = CoolDown.Believed(result.RetryAfter), PossiblyUsed = start.IsInDoubt }).ConfigureAwait(false);
                return (true, Failed(result));
        }
    }

    private Task<TokenEndpointResult> AskAsync(string? refreshToken, CancellationToken cancellationToken) =>
        new TokenCall(session, flight.Base, CommitLateAsync).AskAsync(refreshToken, cancellationToken);

    private async Task CommitAsync(TokenSet fresh, bool isRefreshed)
    {
        _isAnswered |= isRefreshed;
        var start = flight.Base;
        var tokens = fresh.CompletedBy(start.Tokens, _services.Time.GetUtcNow());
        try
        {
            var answer = await _store.SaveAsync(start.Held(_services.Time), tokens).ConfigureAwait(false);
            if (answer.Status == LoginStatus.Succeeded)
            {
                Publish(Inherit(session.SignedIn(start.Lineage, answer.Version, tokens, isRefreshed, revision: answer.Revision)), isRefreshed);
            }
            else
            {
                Adopt(answer, isNews: true);
            }
        }
        catch (StoreException e)
        {
            // The old refresh token is gone for good: the new pair is used from memory, and saved as soon as that can be done.
            Log.SaveFailed(_services.Logger, session.Name, e.Cause.GetType().Name);
            var unsaved = Inherit(session.SignedIn(start.Lineage, start.Version + 1, tokens, isRefreshed));
            unsaved.MarkUnsaved();
            Publish(unsaved, isRefreshed);
            _ = OwedSave.PayAsync(session, unsaved);
        }

        if (session.Current.Lineage != start.Lineage)
        {
            // A sign-out or another's sign-in came first: nobody will ever use these.
            await session.RevokeAsync(tokens).ConfigureAwait(false);
        }
    }

    /// <summary>The refresh token is dead. The store has the last word: another process may have rotated it in the meantime.</summary>
    private async Task EndAsync(RefreshLease lease, TokenEndpointResult result)
    {
        var start = flight.Base;
        var reason = result.Outcome == TokenEndpointOutcome.InteractionRequired ? ReLoginReason.InteractionRequired
            : start.IsInDoubt ? ReLoginReason.LostRotation
            : ReLoginReason.Rejected;

        // Should the store be out of reach now, the verdict stands, and is told when it is back: a dead token isn't sent again.
        start.Verdict = result;
        var answer = await _store.EndAsync(start.Held(_services.Time), lease, reason, result.Error).ConfigureAwait(false);
        if (answer.Status != LoginStatus.Leased)
        {
            Adopt(answer, isNews: true);
        }
    }

    private async Task ReleaseAsync(RefreshLease lease, LeaseRelease release)
    {
        try
        {
            await _store.ReleaseAsync(flight.Base.Held(_services.Time), lease, release).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            // The lease ends by itself.
            Log.StoreFailed(_services.Logger, session.Name, e.Cause.GetType().Name);
        }
    }

    /// <summary>Makes the session what the store says it is.</summary>
    private void Adopt(LoginStoreResult answer, bool isNews)
    {
        var start = flight.Base;
        var isSameLogin = start.Lineage == answer.LoginId;
        if (answer.Status == LoginStatus.Succeeded && start.State == TokenSessionState.SignedIn)
        {
            return;
        }

        var isRefreshed = isNews && isSameLogin;
        var isKnown = start.State == TokenSessionState.ReLoginRequired && isSameLogin;
        var next = Inherit(session.Restore(answer, isRefreshed, canAskUser: !isKnown || start.CanAskUser));
        if (next.State == TokenSessionState.SignedIn)
        {
            Publish(next, isRefreshed, isAdopted: true);
            return;
        }

        if (session.TryPublish(flight, next) && next.State == TokenSessionState.ReLoginRequired && !isKnown)
        {
            Outcome = FlightOutcome.ReLoginRequired;
            _services.Telemetry.LoginDied(next.Reason);
            Log.ReLoginRequired(_services.Logger, session.Name, next.Reason, next.Error);
            Announcement = new ReLoginRequiredEventArgs(session.Name, session.UserKey, next.Reason, next.Error);
        }
    }

    private void Publish(Generation next, bool isRefreshed, bool isAdopted = false)
    {
        if (!session.TryPublish(flight, next) || !isRefreshed)
        {
            return;
        }

        Outcome = isAdopted ? FlightOutcome.Adopted : FlightOutcome.Refreshed;
        if (isAdopted)
        {
            Log.Adopted(_services.Logger, session.Name);
        }
        else
        {
            Log.Refreshed(_services.Logger, session.Name, flight.Cause);
        }

        Announcement = new TokensRefreshedEventArgs(session.Name, session.UserKey, next.Tokens!.ExpiresAt);
    }

    private FlightFailure Failed(TokenEndpointResult result)
    {
        var failure = FlightFailures.From(session.Name, result);
        if (failure.Kind == TokenRefreshFailure.Configuration)
        {
            Log.RefreshMisconfigured(_services.Logger, session.Name, result.Error, result.Description);
        }
        else if (result.IsSetupSuspect)
        {
            Log.EndpointSuspect(_services.Logger, session.Name, flight.Cause, result.Error, result.Description);
        }
        else
        {
            Log.RefreshFailed(_services.Logger, session.Name, flight.Cause, result.Error, result.Description);
        }

        return failure;
    }

    // A refused access token stays refused under another version, also if the 401 comes after this look. One that the endpoint itself
    // gave again is another matter: it is tried, once.
    private Generation Inherit(Generation next)
    {
        var start = flight.Base;
        return next != start && start.Tokens is { } tokens && next.Tokens?.AccessToken == tokens.AccessToken && !_isAnswered
            ? next.KeepTokenOf(start)
            : next;
    }

    private static bool IsSame(TokenSet? tokens, TokenSet others) =>
        tokens?.AccessToken == others.AccessToken && tokens.RefreshToken == others.RefreshToken;
}

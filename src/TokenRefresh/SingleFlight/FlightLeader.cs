using System;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;
using TokenRefresh.Storage;

namespace TokenRefresh.SingleFlight;

/// <summary>
/// Leads one flight from beginning to end: load, claim, ask, commit. Save first, publish second; waiters are woken by the session, third.
/// </summary>
internal sealed class FlightLeader(TokenSession session, Flight flight)
{
    // What is owed to the store after the server has rotated isn't cut off by the flight's own deadline.
    private static readonly TimeSpan SaveTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LeaseMargin = TimeSpan.FromSeconds(5);

    private readonly SessionServices _services = session.Services;
    private readonly TokenSessionKey _key = session.Key;
    private bool _askedForSuccessor;

    /// <summary>What the app is to hear when the flight has landed.</summary>
    public EventArgs? Announcement { get; private set; }

    /// <summary>Runs the flight.</summary>
    /// <returns><see langword="null"/>: the session has moved on.</returns>
    public async Task<FlightFailure?> RunAsync()
    {
        FlightScope.Enter(flight);
        using var deadline = _services.Time.CreateTimeout(_services.Options.RefreshTimeout);
        try
        {
            if (flight.Base.State != TokenSessionState.SignedIn)
            {
                await LoadAsync(deadline.Token).ConfigureAwait(false);
                if (RefreshDecisions.For(flight.Base, _services.Time) != RefreshDecision.Hold)
                {
                    return null;
                }
            }

            return await RefreshAsync(deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            return FlightFailures.TimedOut(session.Name, _services.Options.RefreshTimeout);
        }
        catch (StoreException e)
        {
            Log.StoreFailed(_services.Logger, session.Name, e.Cause.GetType().Name);
            return FlightFailures.Store(session.Name, e.Cause);
        }
    }

    /// <summary>Reads the saved login, at the first use and, where others may sign in, now and then while there is none.</summary>
    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        var answer = await StoreAsync(store => store.ReadAsync(_key, cancellationToken), cancellationToken).ConfigureAwait(false);
        Adopt(answer, isNews: false);
    }

    private async Task<FlightFailure?> RefreshAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (flight.Base.IsUnsaved && !await SaveAsync(flight.Base).ConfigureAwait(false))
            {
                return FlightFailures.Store(session.Name, new TimeoutException("The last tokens aren't saved yet."));
            }

            var start = flight.Base;
            if (start.State != TokenSessionState.SignedIn)
            {
                return null;
            }

            RequireKey(start);
            var claim = new RefreshClaim(start.Lineage, start.Version, Guid.NewGuid().ToString("N"), _services.Options.RefreshTimeout + LeaseMargin);
            var answer = await StoreAsync(store => store.BeginAsync(_key, claim, cancellationToken), cancellationToken).ConfigureAwait(false);
            switch (answer.Verdict)
            {
                case TokenStoreVerdict.Accepted:
                    if (answer.InDoubt)
                    {
                        start.Doubt();
                    }

                    var (isDone, failure) = await AskAndCommitAsync(claim, cancellationToken).ConfigureAwait(false);
                    if (isDone)
                    {
                        return failure;
                    }

                    continue;

                case TokenStoreVerdict.Wait:
                    Log.Following(_services.Logger, session.Name);
                    await FollowAsync(start, answer.Delay, cancellationToken).ConfigureAwait(false);
                    continue;

                case TokenStoreVerdict.BackOff:
                    return FlightFailures.BackOff(session.Name, answer.Delay);

                case TokenStoreVerdict.Missing:
                    // The store has lost its records (a flush, a removed file): what this process knows is put back, then refreshed.
                    await StoreAsync(
                        store => store.CommitAsync(_key, start.Lineage, start.Version, Protect(start.Tokens!), cancellationToken),
                        cancellationToken).ConfigureAwait(false);
                    await LoadAsync(cancellationToken).ConfigureAwait(false);
                    break;

                default:
                    Adopt(answer, isNews: true);
                    break;
            }

            // The store knew more than we did, or a sign-in or sign-out came first. The very same tokens under another version are no news.
            if (flight.Base == start || !IsSame(flight.Base.Tokens, start.Tokens!))
            {
                return null;
            }

            KeepRejection(start);
        }
    }

    /// <summary>New tokens that can't be encrypted can't be saved: nothing is spent for them.</summary>
    private void RequireKey(Generation start)
    {
        if (!_services.Store.IsShared || _services.Protector is null)
        {
            return;
        }

        try
        {
            _ = Protect(start.Tokens!).Value;
        }
        catch (UnreadableTokensException e)
        {
            throw new StoreException(e);
        }
    }

    /// <summary>Another process refreshes: wait for its version, or for the end of its lease.</summary>
    private async Task FollowAsync(Generation start, TimeSpan atMost, CancellationToken cancellationToken)
    {
        try
        {
            await _services.Store.WaitForChangeAsync(_key, start.Version, atMost, cancellationToken)
                .AsTask().WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new StoreException(e);
        }
    }

    private static bool IsSame(TokenSet? tokens, TokenSet others) =>
        tokens?.AccessToken == others.AccessToken && tokens.RefreshToken == others.RefreshToken;

    private void KeepRejection(Generation start)
    {
        if (start.IsRejected)
        {
            flight.Base.Reject();
        }
    }

    /// <summary>Spends the refresh token.</summary>
    /// <returns>Not done: a new refresh token was saved, and is to be claimed and asked with.</returns>
    private async Task<(bool IsDone, FlightFailure? Failure)> AskAndCommitAsync(RefreshClaim claim, CancellationToken cancellationToken)
    {
        var start = flight.Base;
        var result = start.Verdict ?? (start.Tokens!.RefreshToken is { } refreshToken
            ? await new TokenCall(session, start, CommitLateAsync).AskAsync(refreshToken, cancellationToken).ConfigureAwait(false)
            : TokenEndpointResult.Rejected(error: null));

        if (result.SuccessorRefreshToken is { } successor)
        {
            // The one just spent is dead: whatever else the answer says, its successor is saved before anything.
            await CommitAsync(With(start.Tokens!, successor), isRefreshed: false).ConfigureAwait(false);
            KeepRejection(start);
            if (result.Outcome == TokenEndpointOutcome.SuccessorOnly && !_askedForSuccessor)
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
                await EndAsync(claim, result).ConfigureAwait(false);
                return (true, null);

            default:
                await ReleaseAsync(claim, new ClaimFailure { RetryAfter = result.RetryAfter, InDoubt = start.IsInDoubt }).ConfigureAwait(false);
                return (true, Failed(result));
        }
    }

    private FlightFailure Failed(TokenEndpointResult result)
    {
        var failure = FlightFailures.From(session.Name, result);
        if (failure.Kind == TokenRefreshFailure.Configuration)
        {
            Log.RefreshMisconfigured(_services.Logger, session.Name, result.Error, result.Description);
        }
        else
        {
            Log.RefreshFailed(_services.Logger, session.Name, flight.Cause, result.Error, result.Description);
        }

        return failure;
    }

    private async Task CommitAsync(TokenSet fresh, bool isRefreshed)
    {
        var start = flight.Base;
        var now = _services.Time.GetUtcNow();
        var tokens = Complete(fresh, start.Tokens!, now);
        TokenStoreAnswer answer;
        try
        {
            using var limit = _services.Time.CreateTimeout(SaveTimeout);
            answer = await StoreAsync(
                store => store.CommitAsync(_key, start.Lineage, start.Version, Protect(tokens), limit.Token), limit.Token).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            // The old refresh token is gone for good: the new pair is used from memory, and saved as soon as that can be done.
            Log.SaveFailed(_services.Logger, session.Name, e.Cause.GetType().Name);
            var unsaved = _services.SignedIn(start.Lineage, start.Version + 1, tokens, tokens.ReceivedAt ?? now, isRefreshed);
            unsaved.MarkUnsaved();
            Publish(unsaved, isRefreshed);
            _ = SaveLaterAsync(unsaved);
            return;
        }

        if (answer.Verdict == TokenStoreVerdict.Accepted)
        {
            Publish(_services.SignedIn(start.Lineage, answer.Version, tokens, tokens.ReceivedAt ?? now, isRefreshed), isRefreshed);
            return;
        }

        Adopt(answer, isNews: true);
    }

    /// <summary>Commits what a call brought after its flight had given up on it.</summary>
    private async Task CommitLateAsync(Generation asked, TokenSet tokens)
    {
        if (flight.Base == asked)
        {
            await CommitAsync(tokens, isRefreshed: true).ConfigureAwait(false);
        }
    }

    /// <summary>The refresh token is dead. The store has the last word: another process may have rotated it in the meantime.</summary>
    private async Task EndAsync(RefreshClaim claim, TokenEndpointResult result)
    {
        var start = flight.Base;
        var reason = result.Outcome == TokenEndpointOutcome.InteractionRequired ? ReLoginReason.InteractionRequired
            : start.IsInDoubt ? ReLoginReason.LostRotation
            : ReLoginReason.Rejected;

        // Should the store be out of reach now, the verdict stands, and is told when it is back: a dead token isn't sent again.
        start.Verdict = result;
        using var limit = _services.Time.CreateTimeout(SaveTimeout);
        var answer = await StoreAsync(
            store => store.FailAsync(_key, claim, new ClaimFailure { Dead = reason, Error = result.Error }, limit.Token), limit.Token).ConfigureAwait(false);

        if (answer.Verdict == TokenStoreVerdict.Accepted)
        {
            PublishDead(answer.Lineage, answer.Version, reason, result.Error);
            return;
        }

        Adopt(answer, isNews: true);
    }

    private async Task ReleaseAsync(RefreshClaim claim, ClaimFailure failure)
    {
        try
        {
            using var limit = _services.Time.CreateTimeout(SaveTimeout);
            await StoreAsync(store => store.FailAsync(_key, claim, failure, limit.Token), limit.Token).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            // The lease ends by itself.
            Log.StoreFailed(_services.Logger, session.Name, e.Cause.GetType().Name);
        }
    }

    /// <summary>Makes the session what the store says it is.</summary>
    private void Adopt(TokenStoreAnswer answer, bool isNews)
    {
        switch (answer.Verdict)
        {
            case TokenStoreVerdict.Adopt:
                var start = flight.Base;
                if (start.State == TokenSessionState.SignedIn && start.Lineage == answer.Lineage && start.Version == answer.Version)
                {
                    return;
                }

                var tokens = Open(answer.Tokens!);
                var isRefreshed = isNews && start.Lineage == answer.Lineage;
                Publish(_services.SignedIn(answer.Lineage, answer.Version, tokens, _services.Time.GetUtcNow() - answer.Age, isRefreshed), isRefreshed);
                return;

            case TokenStoreVerdict.Dead:
                PublishDead(answer.Lineage, answer.Version, answer.Reason, answer.Error);
                return;

            case TokenStoreVerdict.Missing or TokenStoreVerdict.Closed:
                session.TryPublish(flight, Generation.SignedOut(answer.Version, session.CheckedNow()));
                return;
        }
    }

    private void Publish(Generation next, bool isRefreshed)
    {
        if (session.TryPublish(flight, next) && isRefreshed)
        {
            Log.Refreshed(_services.Logger, session.Name, flight.Cause);
            Announcement = new TokensRefreshedEventArgs(session.Name, session.UserKey, next.Tokens!.ExpiresAt);
        }
    }

    private void PublishDead(string lineage, long version, ReLoginReason reason, string? error)
    {
        var known = flight.Base is { State: TokenSessionState.ReLoginRequired } dead && dead.Lineage == lineage;
        if (session.TryPublish(flight, Generation.Dead(lineage, version, reason, error, session.CheckedNow())) && !known)
        {
            Log.ReLoginRequired(_services.Logger, session.Name, reason, error);
            Announcement = new ReLoginRequiredEventArgs(session.Name, session.UserKey, reason, error);
        }
    }

    private async Task SaveLaterAsync(Generation unsaved)
    {
        if (!_services.Work.TryEnter())
        {
            return;
        }

        try
        {
            for (var pause = TimeSpan.FromSeconds(1); session.Current == unsaved && unsaved.IsUnsaved; pause = TimeSpan.FromSeconds(Math.Min(30, pause.TotalSeconds * 2)))
            {
                var isLast = await WaitOrStopAsync(pause).ConfigureAwait(false);
                if (await SaveAsync(unsaved).ConfigureAwait(false) || isLast)
                {
                    return;
                }
            }
        }
        finally
        {
            _services.Work.Exit();
        }
    }

    private async Task<bool> WaitOrStopAsync(TimeSpan pause)
    {
        try
        {
            await _services.Time.Delay(pause, _services.Work.Stopping).ConfigureAwait(false);
            return false;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }

    /// <summary>Saves what an earlier commit couldn't.</summary>
    /// <returns><see langword="false"/>: it is still owed.</returns>
    private async Task<bool> SaveAsync(Generation unsaved)
    {
        try
        {
            using var limit = _services.Time.CreateTimeout(SaveTimeout);
            var answer = await StoreAsync(
                store => store.CommitAsync(_key, unsaved.Lineage, unsaved.Version - 1, Protect(unsaved.Tokens!), limit.Token), limit.Token).ConfigureAwait(false);
            var isOurs = answer.Verdict == TokenStoreVerdict.Accepted
                || (answer.Verdict == TokenStoreVerdict.Adopt && Open(answer.Tokens!).AccessToken == unsaved.Tokens!.AccessToken);
            unsaved.MarkSaved();
            if (!isOurs)
            {
                ReplaceBy(answer, unsaved);
            }

            Log.SavedLate(_services.Logger, session.Name);
            return true;
        }
        catch (StoreException)
        {
            return false;
        }
    }

    // Somebody else has written the record meanwhile: the store is the truth that all processes share.
    private void ReplaceBy(TokenStoreAnswer answer, Generation unsaved)
    {
        var next = answer.Verdict switch
        {
            TokenStoreVerdict.Adopt => _services.SignedIn(
                answer.Lineage, answer.Version, Open(answer.Tokens!), _services.Time.GetUtcNow() - answer.Age, isRefreshed: true),
            TokenStoreVerdict.Dead => Generation.Dead(answer.Lineage, answer.Version, answer.Reason, answer.Error, session.CheckedNow()),
            _ => Generation.SignedOut(answer.Version, session.CheckedNow()),
        };

        if (session.TryReplace(unsaved, next) && flight.Base == unsaved)
        {
            flight.Base = next;
        }
    }

    private async ValueTask<TokenStoreAnswer> StoreAsync(Func<ITokenStore, ValueTask<TokenStoreAnswer>> operation, CancellationToken cancellationToken)
    {
        try
        {
            var pending = operation(_services.Store);

            // A store that doesn't heed its token must not outlast the deadline.
            return pending.IsCompletedSuccessfully
                ? pending.Result
                : await pending.AsTask().WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            throw new StoreException(cancellationToken.IsCancellationRequested ? new TimeoutException("The token store gave no answer in time.") : e);
        }
    }

    private ProtectedTokens Protect(TokenSet tokens) => new(tokens, _services.CodecFor(_key));

    private TokenSet Open(ProtectedTokens tokens)
    {
        try
        {
            return tokens.Open(_services.CodecFor(_key));
        }
        catch (UnreadableTokensException e)
        {
            throw new StoreException(e);
        }
    }

    // What the answer doesn't say stays as it was: RFC 6749, section 6.
    private static TokenSet Complete(TokenSet fresh, TokenSet old, DateTimeOffset now) => new(fresh.AccessToken, fresh.RefreshToken ?? old.RefreshToken)
    {
        ReceivedAt = fresh.ReceivedAt ?? now,
        ExpiresAt = fresh.ExpiresAt,
        Scheme = fresh.Scheme ?? old.Scheme,
        Scope = fresh.Scope ?? old.Scope,
    };

    private static TokenSet With(TokenSet old, string refreshToken) => new(old.AccessToken, refreshToken)
    {
        ReceivedAt = old.ReceivedAt,
        ExpiresAt = old.ExpiresAt,
        Scheme = old.Scheme,
        Scope = old.Scope,
    };

    private sealed class StoreException(Exception cause) : Exception("The token store failed.", cause)
    {
        public Exception Cause { get; } = cause;
    }
}

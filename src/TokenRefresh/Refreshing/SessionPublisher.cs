using TokenRefresh.Diagnostics;
using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh.Refreshing;

/// <summary>
/// Saves tokens and publishes snapshots, for one flight or one late result. It publishes only over the snapshot that it published last, so
/// a sign-in or sign-out in between wins. Without a time of reading, the store was read when a snapshot is created.
/// </summary>
internal sealed class SessionPublisher(SessionContext session, SessionSnapshot start, ClockReading? storeReadAt = null)
{
    private readonly SessionServices _services = session.Services;
    private readonly SnapshotFactory _snapshots = new(session.Services, storeReadAt);

    /// <summary>The snapshot that was published last.</summary>
    public SessionSnapshot Snapshot { get; private set; } = start;

    /// <summary>The store's lock of the lease that is used now. Tokens that can't be saved keep it.</summary>
    public LeaseLock? StoreLock { get; set; }

    /// <summary>The tokens to revoke of those that can't be published.</summary>
    /// <remarks>
    /// Only a sign-out orphans tokens. After a new sign-in the same refresh token may be in use, so it is never revoked then.
    /// </remarks>
    public static TokenSet? OrphanedOf(SessionContext session, TokenSet? tokens) =>
        session.Current is SignedOutSnapshot ? tokens : null;

    /// <summary>Saves the tokens that the endpoint returned, then publishes them.</summary>
    public async Task<FlightRun> SaveAsync(HeldLogin held, TokenSet fresh)
    {
        if (Snapshot is NotLoadedSnapshot && session.Current != Snapshot)
        {
            // A sign-out came in between. The first token of a client would replace its record.
            return Orphan(fresh, FlightRun.Superseded);
        }

        var tokens = _services.Complete(fresh, (Snapshot as SignedInSnapshot)?.Tokens);
        var loginId = _services.UsesClientCredentials ? LoginId.Client : Snapshot.LoginId;
        return await SaveAsync(
            held, tokens, (version, revision) => _snapshots.Refreshed(loginId, version, tokens, revision)).ConfigureAwait(false);
    }

    /// <summary>Saves a new refresh token that came without an access token, then publishes it.</summary>
    public async Task<FlightRun> SaveRefreshTokenAsync(HeldLogin held, string refreshToken)
    {
        var previous = (SignedInSnapshot)Snapshot;
        var tokens = previous.Tokens.WithRefreshToken(refreshToken);
        var run = await SaveAsync(
            held,
            tokens,
            (version, revision) => SnapshotFactory.WithSameAccessToken(previous, version, tokens, revision)).ConfigureAwait(false);
        return run.Outcome == FlightOutcome.Refreshed ? FlightRun.Unfinished : run;
    }

    private async Task<FlightRun> SaveAsync(HeldLogin held, TokenSet tokens, Func<long, string?, SignedInSnapshot> createNext)
    {
        try
        {
            var saved = Snapshot is NotLoadedSnapshot
                ? await SaveFirstAsync(tokens).ConfigureAwait(false)
                : await session.Store.SaveAsync(held, tokens).ConfigureAwait(false);
            return saved.Status == LoginStatus.Succeeded
                ? PublishRefreshed(createNext(saved.Version, saved.Revision))
                : AdoptInsteadOf(tokens, saved);
        }
        catch (StoreException e)
        {
            var unsaved = createNext(Snapshot.Version + 1, null);
            if (!_services.UsesClientCredentials)
            {
                return PublishUnsaved(unsaved, e);
            }

            // The client can request another token at any time, so this one isn't saved later.
            _services.StoreFailed(e);
            return PublishRefreshed(unsaved);
        }
    }

    // The first token of a client replaces the record of a sign-out. The flight's deadline doesn't limit the save: the token may have
    // arrived just before.
    private async Task<LoginStoreResult> SaveFirstAsync(TokenSet tokens)
    {
        using var limit = _services.Time.CreateTimeout(SharedLease.ClientStoreTimeout);
        var loginId = LoginId.Client.ToString();
        return await session.Store.SignInAsync(loginId, Snapshot.Version, tokens, limit.Token).ConfigureAwait(false);
    }

    /// <summary>Publishes the stored login. The first use of a login raises no event.</summary>
    public FlightRun Load(LoginStoreResult found) => (found.Status, Snapshot) switch
    {
        (LoginStatus.Succeeded, _) => Keep(found),
        (_, SignedInSnapshot) => AdoptNewer(found),
        _ => _snapshots.FromStore(found, Snapshot) switch
        {
            EndedSnapshot ended => PublishEnded(ended),
            var next => Publish(next),
        },
    };

    /// <summary>Publishes the login that another process wrote to the store. New tokens of the same login raise an event.</summary>
    public FlightRun AdoptNewer(LoginStoreResult found)
    {
        var next = _snapshots.FromStore(found, Snapshot);
        if (next is EndedSnapshot ended)
        {
            return PublishEnded(ended);
        }

        var isSameLogin = next.LoginId == Snapshot.LoginId;
        if (!TryPublish(next) || next is not SignedInSnapshot signedIn || !isSameLogin)
        {
            return FlightRun.Superseded;
        }

        SessionLog.NewerTokensLoaded(_services.Logger, session.Services.Name);
        return new FlightRun(FlightOutcome.LoadedFromStore, FlightResult.Completed) { Event = TokensRefreshed(signedIn) };
    }

    /// <summary>The same, if the stored login keeps tokens of this process from being saved.</summary>
    public FlightRun AdoptInsteadOf(TokenSet tokens, LoginStoreResult found) => Orphan(tokens, AdoptNewer(found));

    /// <summary>Publishes the end of the login. It raises an event, unless the app was notified of this end before.</summary>
    private FlightRun PublishEnded(EndedSnapshot ended)
    {
        var isKnown = Snapshot is EndedSnapshot known && known.LoginId == ended.LoginId;
        var run = Publish(ended);
        if (isKnown || !run.IsUnfinished)
        {
            return run;
        }

        _services.Telemetry.LoginEnded(ended.End.Reason);
        SessionLog.LoginEnded(_services.Logger, _services.Name, ended.End.Reason, ended.End.Error ?? "none");
        return new FlightRun(FlightOutcome.ReLoginRequired, FlightResult.Completed)
        {
            Event = new ReLoginRequiredEventArgs(_services.Name, session.UserKey, ended.End.Reason, ended.End.Error),
        };
    }

    /// <summary>Publishes a snapshot that needs no event.</summary>
    public bool TryPublish(SessionSnapshot next)
    {
        if (!session.TryPublish(Snapshot, next))
        {
            return false;
        }

        Snapshot = next;
        return true;
    }

    // The store was read and has nothing newer, so it isn't read again for a while.
    private FlightRun Keep(LoginStoreResult found) => Snapshot switch
    {
        EndedSnapshot ended => Publish(_snapshots.Ended(ended.LoginId, ended.Version, ended.End, ended.CanAskUser)),
        SignedOutSnapshot => Publish(_snapshots.SignedOut(found.Version)),
        _ => FlightRun.Unfinished,
    };

    private FlightRun Publish(SessionSnapshot next) => TryPublish(next) ? FlightRun.Unfinished : FlightRun.Superseded;

    /// <summary>Publishes tokens that the endpoint returned.</summary>
    private FlightRun PublishRefreshed(SignedInSnapshot next) => TryPublish(next)
        ? new FlightRun(FlightOutcome.Refreshed, FlightResult.Completed) { Event = TokensRefreshed(next) }
        : Orphan(next.Tokens, FlightRun.Superseded);

    private FlightRun PublishUnsaved(SignedInSnapshot unsaved, StoreException failure)
    {
        SessionLog.SaveFailed(_services.Logger, _services.Name, StoreException.Describe(failure.Cause));
        unsaved.MarkUnsaved(StoreLock?.PassOn());
        var run = PublishRefreshed(unsaved);
        DeferredSave.Start(session, unsaved);
        return run;
    }

    private FlightRun Orphan(TokenSet tokens, FlightRun run) => run with { Orphaned = OrphanedOf(session, tokens) };

    private TokensRefreshedEventArgs TokensRefreshed(SignedInSnapshot next) => new(_services.Name, session.UserKey, next.Tokens.ExpiresAt);
}

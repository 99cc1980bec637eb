using TokenRefresh.Diagnostics;
using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh.Refreshing;

/// <summary>
/// Lets the app ask the user to sign in again while requests wait. The new tokens continue the ended login, so the requests that were made
/// under it are sent.
/// </summary>
internal sealed class InteractiveSignIn(SessionContext session, Flight flight, SessionPublisher publisher)
{
    private static readonly TimeSpan StoreCheckInterval = TimeSpan.FromSeconds(2);

    private readonly SessionServices _services = session.Services;
    private readonly EndedSnapshot _ended = (EndedSnapshot)publisher.Snapshot;

    /// <summary>Asks the user, until they answer, the time is over, or another sign-in or sign-out comes first.</summary>
    /// <param name="ended">The flight's result so far. It has the event that the app gets if the user doesn't sign in.</param>
    public async Task<FlightRun> RunAsync(FlightRun ended)
    {
        if (flight.Result.IsCompleted)
        {
            // A sign-in or sign-out came while the store was read or written.
            return FlightRun.Superseded;
        }

        SessionLog.InteractiveSignInStarted(_services.Logger, _services.Name, _ended.End.Reason);
        using var timeout = _services.Time.CreateTimeout(_services.Options.InteractiveSignInTimeout);
        using var stopping = _services.Work.Stopping.Register(static source => ((CancellationTokenSource)source!).Cancel(), timeout);
        var app = new AppCancellation(thrown => SessionEvents.LogThrown(session, thrown));
        var asking = Task.Run(() => CallAppAsync(app.Token));
        var watching = WatchStoreAsync(timeout.Token);
        await WaitExtensions.FirstOfAsync(asking, flight.Result, watching).ConfigureAwait(false);
        timeout.Cancel();

        var other = await watching.ConfigureAwait(false);
        if (!IsReplaced() && asking.IsCompleted)
        {
            return await ApplyAsync(await asking.ConfigureAwait(false), ended).ConfigureAwait(false);
        }

        app.Cancel();
        _ = ApplyLateAsync(asking);
        if (IsReplaced())
        {
            // There is no event for a login that was replaced in the meantime.
            return other;
        }

        Decline("the time for it is over.");
        return ended;

        bool IsReplaced() => !other.IsUnfinished || flight.Result.IsCompleted;
    }

    /// <summary>Calls the app. It may throw any exception.</summary>
    private async Task<Answer> CallAppAsync(CancellationToken cancellationToken)
    {
        try
        {
            var args = new ReLoginRequiredEventArgs(_services.Name, session.UserKey, _ended.End.Reason, _ended.End.Error);
            var tokens = await _services.Options.SignInInteractively!(args, cancellationToken).ConfigureAwait(false);
            return tokens is null ? new Answer(tokens, "SignInInteractively returned null: the user declined.")
                : !tokens.CanBeSentAs(_services.Options.Scheme) ? new Answer(
                    Tokens: null, "the new tokens need a proof of possession, which isn't supported.")
                : new Answer(tokens);
        }
        catch (Exception e)
        {
            return new Answer(Tokens: null, $"SignInInteractively threw {e.GetType().Name}.");
        }
    }

    /// <summary>Reads the store from time to time: the user may sign in at another process.</summary>
    /// <returns><see cref="FlightRun.Unfinished"/> when the token is cancelled.</returns>
    private async Task<FlightRun> WatchStoreAsync(CancellationToken cancellationToken)
    {
        while (!await _services.Time.DelayWasCancelledAsync(StoreCheckInterval, cancellationToken).ConfigureAwait(false))
        {
            try
            {
                var held = HeldLogins.Of(_ended, _services);
                var found = await session.Store.LoadAsync(held, cancellationToken).ConfigureAwait(false);
                if (found.Status is LoginStatus.Newer or LoginStatus.SignedOut)
                {
                    return publisher.AdoptNewer(found);
                }
            }
            catch (StoreException)
            {
                // The store failed. The user can still answer in this process.
            }
        }

        return FlightRun.Unfinished;
    }

    private async Task<FlightRun> ApplyAsync(Answer answer, FlightRun ended)
    {
        if (answer.Tokens is not { } tokens)
        {
            Decline(answer.Description);
            return ended;
        }

        SessionLog.InteractiveSignInSucceeded(_services.Logger, _services.Name);
        return await publisher.SaveAsync(HeldLogins.Of(_ended, _services), tokens).ConfigureAwait(false);
    }

    // The user isn't asked again. Otherwise the dialog that they closed would open with every request.
    private void Decline(string description)
    {
        SessionLog.InteractiveSignInFailed(_services.Logger, _services.Name, description);
        publisher.TryPublish(_ended.AfterAsking());
    }

    /// <summary>Uses tokens that arrive after the wait, if the login is still the ended one. After a sign-out, revokes them.</summary>
    private async Task ApplyLateAsync(Task<Answer> asking)
    {
        var answer = await asking.ConfigureAwait(false);
        await flight.Result.ConfigureAwait(false);
        if (answer.Tokens is { } tokens)
        {
            await session.FollowUpAsync(() => SaveLateAsync(tokens)).ConfigureAwait(false);
        }
    }

    private Task<FlightRun> SaveLateAsync(TokenSet tokens)
    {
        // The store may have been read since, and may have returned the same ended login.
        var current = session.Current;
        return current is EndedSnapshot && current.LoginId == _ended.LoginId && current.Version == _ended.Version
            ? new SessionPublisher(session, current).SaveAsync(HeldLogins.Of(current, _services), tokens)
            : Task.FromResult(FlightRun.Superseded with { Orphaned = SessionPublisher.OrphanedOf(session, tokens) });
    }

    private sealed record Answer(TokenSet? Tokens, string Description = "");
}

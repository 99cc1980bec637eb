using System;
using System.Threading;
using System.Threading.Tasks;
using TokenRefresh.Diagnostics;

namespace TokenRefresh.SingleFlight;

// Where there is no refresh token to spend: the client asks for itself, or the user is asked on the spot.
internal sealed partial class FlightLeader
{
    // Whichever process asked for it: the client is always the same one, and a request held under one of its tokens goes on with another.
    private const string OwnLineage = "client";

    /// <summary>Asks for the client's own first token (RFC 6749, section 4.4). Several processes may do so at once: nothing is spent.</summary>
    private async Task<FlightFailure?> AskForClientAsync(CancellationToken cancellationToken)
    {
        var start = flight.Base;
        var result = await AskAsync(refreshToken: null, cancellationToken).ConfigureAwait(false);
        if (result.Tokens is not { } fresh)
        {
            return Failed(result);
        }

        var tokens = fresh.CompletedBy(old: null, _services.Time.GetUtcNow());
        var answer = await _store.SignInAsync(OwnLineage, start.Version, tokens, cancellationToken).ConfigureAwait(false);
        Publish(session.SignedIn(OwnLineage, answer.Version, tokens, isRefreshed: true), isRefreshed: true);
        return null;
    }

    /// <summary>
    /// Asks the user to log in, while everybody waits. What he brings continues the dead login: it is committed over its dead mark, in its
    /// lineage, so that the requests that were made under it go on.
    /// </summary>
    private async Task AskUserAsync()
    {
        var dead = flight.Base;
        Log.AskingUser(_services.Logger, session.Name, dead.Reason);
        var patience = _services.Time.CreateTimeout(_services.Options.ReLoginTimeout);
        var asking = Task.Run(() => AskTheUserAsync(dead, patience.Token));
        using (_services.Work.Stopping.Register(static patience => ((CancellationTokenSource)patience!).Cancel(), patience))
        {
            try
            {
                // The flight has an outcome already when a sign-in or sign-out came first.
                await Task.WhenAny(asking, flight.Outcome).WaitAsync(patience.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // Too late, or the app ends.
            }
        }

        if (flight.Outcome.IsCompleted)
        {
            // Nothing to be told of a login that is history.
            Announcement = null;
        }

        if (asking.IsCompleted)
        {
            patience.Dispose();
            await TakeAsync(dead, await asking.ConfigureAwait(false)).ConfigureAwait(false);
            return;
        }

        patience.Cancel();
        if (flight.Outcome.IsCompleted)
        {
            return;
        }

        await TakeAsync(dead, (null, "the time for it is over.")).ConfigureAwait(false);
        _ = TakeLateAsync(flight.Base, asking);
    }

    /// <summary>Calls the app, which may throw anything.</summary>
    private async Task<(TokenSet? Tokens, string Description)> AskTheUserAsync(Generation dead, CancellationToken patience)
    {
        try
        {
            var args = new ReLoginRequiredEventArgs(session.Name, session.UserKey, dead.Reason, dead.Error);
            var tokens = await _services.Options.ReLogin!(args, patience).ConfigureAwait(false);
            return tokens is null ? (null, "the user declined.")
                : !session.CanSend(tokens) ? (null, "the new tokens need a proof of possession, which isn't supported.")
                : (tokens, "");
        }
        catch (Exception e)
        {
            return (null, $"ReLogin threw {e.GetType().Name}.");
        }
    }

    private async Task TakeAsync(Generation dead, (TokenSet? Tokens, string Description) answer)
    {
        if (answer.Tokens is { } tokens)
        {
            Log.LoggedInAgain(_services.Logger, session.Name);
            await CommitAsync(tokens, isRefreshed: true).ConfigureAwait(false);
            return;
        }

        // Not asked again: the dialog that he has just closed would come back with every request.
        Log.NotLoggedIn(_services.Logger, session.Name, answer.Description);
        session.TryPublish(flight, session.Dead(dead, canAskUser: false));
    }

    private async Task TakeLateAsync(Generation declined, Task<(TokenSet? Tokens, string Description)> asking)
    {
        var (tokens, _) = await asking.ConfigureAwait(false);
        await flight.Outcome.ConfigureAwait(false);

        // Others may have looked into the store meanwhile, and found the same dead login again.
        var current = session.Current;
        if (tokens is not null && current.State == declined.State && current.Lineage == declined.Lineage && current.Version == declined.Version)
        {
            var next = new Flight(current, FlightCause.Load, isAwaited: false);
            await DoLateAsync(next, late => late.TakeAsync(current, (tokens, ""))).ConfigureAwait(false);
        }
    }
}

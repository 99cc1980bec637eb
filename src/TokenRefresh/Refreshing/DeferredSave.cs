using TokenRefresh.Diagnostics;
using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh.Refreshing;

/// <summary>
/// Saves tokens that couldn't be saved at once. Until then they are used from memory, because the server no longer accepts the refresh
/// token in the store. Nothing is refreshed until they are saved.
/// </summary>
internal static class DeferredSave
{
    // The pause doesn't grow: until the write succeeds, another process may use the old refresh token.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Starts to save tokens that are published and marked as unsaved.</summary>
    public static void Start(SessionContext session, SignedInSnapshot unsaved) => _ = session.FollowUpAsync(async () =>
    {
        try
        {
            return await RunAsync(session, unsaved).ConfigureAwait(false);
        }
        finally
        {
            unsaved.ReleaseLock();
        }
    });

    /// <summary>Tries once.</summary>
    /// <returns>Whether the tokens need no more saving: they are saved, or the store holds newer ones.</returns>
    public static async Task<bool> TrySaveAsync(SessionContext session, SignedInSnapshot unsaved)
    {
        if (await SaveAsync(session, unsaved).ConfigureAwait(false) is not { } run)
        {
            return false;
        }

        _ = session.FollowUpAsync(() => Task.FromResult(run));
        return true;
    }

    // Retries until saved, superseded or shut down. On shutdown it tries once more, also if the first attempt failed after it had begun.
    private static async Task<FlightRun> RunAsync(SessionContext session, SignedInSnapshot unsaved)
    {
        var services = session.Services;
        bool isStopping;
        do
        {
            isStopping = await services.Time.DelayWasCancelledAsync(Pause, services.Work.Stopping).ConfigureAwait(false);
            if (session.Current != unsaved || !unsaved.IsUnsaved)
            {
                // A flight has saved the tokens; or a sign-out or sign-in came first. The store may not know it yet, so no token of this
                // login is saved.
                return FlightRun.Superseded;
            }

            if (await SaveAsync(session, unsaved).ConfigureAwait(false) is { } run)
            {
                return run;
            }
        }
        while (!isStopping);

        return FlightRun.Superseded;
    }

    /// <returns><see langword="null"/> if the store failed.</returns>
    private static async Task<FlightRun?> SaveAsync(SessionContext session, SignedInSnapshot unsaved)
    {
        try
        {
            // If the store has this login, it has the version before.
            var held = HeldLogins.Of(unsaved, session.Services) with { Version = unsaved.Version - 1 };
            var saved = await session.Store.SaveAsync(held, unsaved.Tokens).ConfigureAwait(false);
            var run = saved.Status == LoginStatus.Succeeded
                ? FlightRun.Superseded
                : new SessionPublisher(session, unsaved).AdoptInsteadOf(unsaved.Tokens, saved);
            unsaved.MarkSaved();
            SessionLog.DeferredSaveSucceeded(session.Services.Logger, session.Services.Name);
            return run;
        }
        catch (StoreException)
        {
            return null;
        }
    }
}

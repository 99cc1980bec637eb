using System;
using System.Threading;
using System.Threading.Tasks;
using TokenRefresh.Diagnostics;
using TokenRefresh.Storage;

namespace TokenRefresh.SingleFlight;

/// <summary>
/// Saves what a commit couldn't: the pair is used from memory meanwhile, since the server has forgotten the one in the store. Until it is
/// saved, nothing further is refreshed.
/// </summary>
internal static class OwedSave
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Keeps trying, until it is saved, replaced, or the app ends; then once more. A save that first fails while the app ends isn't tried
    /// again: what it would wait for is gone.
    /// </summary>
    public static async Task PayAsync(TokenSession session, Generation unsaved)
    {
        var services = session.Services;
        if (!services.Work.TryEnter())
        {
            return;
        }

        try
        {
            for (var pause = FirstPause; session.Current == unsaved && unsaved.IsUnsaved; pause = Longer(pause))
            {
                var isLast = await WaitOrStopAsync(services, pause).ConfigureAwait(false);
                if (session.Current != unsaved)
                {
                    // A sign-out, perhaps one that the store hasn't heard of: nobody's tokens are saved any more.
                    return;
                }

                await TryAsync(session, unsaved).ConfigureAwait(false);
                if (isLast)
                {
                    return;
                }
            }
        }
        finally
        {
            services.Work.Exit();
        }
    }

    /// <summary>Tries once.</summary>
    /// <returns><see langword="false"/>: it is still owed.</returns>
    public static async Task<bool> TryAsync(TokenSession session, Generation unsaved)
    {
        try
        {
            var start = HeldLogin.SignedIn(unsaved.Lineage, unsaved.Version - 1, unsaved.Tokens!, revision: null, TimeSpan.Zero);
            var result = await session.Store.SaveAsync(start, unsaved.Tokens!).ConfigureAwait(false);
            if (result.Status != LoginStatus.Succeeded)
            {
                // Somebody else has written the record meanwhile: it is the truth that all processes share.
                session.Replace(unsaved, session.Restore(result, isRefreshed: true));
            }

            unsaved.MarkSaved();
            Log.SavedLate(session.Services.Logger, session.Name);
            return true;
        }
        catch (StoreException)
        {
            return false;
        }
    }

    private static async Task<bool> WaitOrStopAsync(SessionServices services, TimeSpan pause)
    {
        try
        {
            await services.Time.Delay(pause, services.Work.Stopping).ConfigureAwait(false);
            return false;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }

    private static TimeSpan Longer(TimeSpan pause) => pause + pause < LongestPause ? pause + pause : LongestPause;
}

namespace TokenRefresh.Refreshing;

/// <summary>Work that follows a flight. A disposal waits for it, and the app is notified of its outcome.</summary>
internal static class TrackedWork
{
    public static async Task RunAsync(SessionContext session, Func<Task<FlightRun>> work)
    {
        var tracker = session.Services.Work;
        var isTracked = tracker.TryBeginFollowUp();
        try
        {
            var run = await work().ConfigureAwait(false);
            Revoker.Start(session, run.Orphaned);
            await SessionEvents.RaiseAsync(session, run.Event).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The store or a logger failed, and the failure was reported. Nothing waits for this work.
        }
        finally
        {
            if (isTracked)
            {
                tracker.End();
            }
        }
    }
}

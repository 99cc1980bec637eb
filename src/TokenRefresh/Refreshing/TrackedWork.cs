namespace TokenRefresh.Refreshing;

/// <summary>Work that follows a flight. A disposal waits for it, and the app is notified of its outcome.</summary>
internal static class TrackedWork
{
    public static Task RunAsync(SessionContext session, Func<Task<FlightRun>> work) => session.Services.Work.RunFollowUpAsync(async () =>
    {
        var run = await work().ConfigureAwait(false);
        Revoker.Start(session, run.Orphaned);
        await SessionEvents.RaiseAsync(session, run.Event).ConfigureAwait(false);
    });
}

using TokenRefresh.Diagnostics;

namespace TokenRefresh.Refreshing;

/// <summary>
/// Notifies the app, outside every lock and on a pool thread: its handlers may block, throw, sign in, or call the client.
/// </summary>
internal static class SessionEvents
{
    // The handlers run before the waiters continue, so a request that gets its 401 finds the event raised. A handler that blocks delays
    // the waiters by this at most. Real time, not the session's clock.
    private static readonly TimeSpan MaxHandlerDelay = TimeSpan.FromMilliseconds(100);

    public static async Task RaiseAsync(SessionContext session, EventArgs? args)
    {
        if (args is null || !HasHandlers(session, args))
        {
            return;
        }

        var handling = Task.Run(() => CallHandlersAsync(session, args));
        await WaitExtensions.FirstOfAsync(
            handling, TimeProvider.System.Delay(MaxHandlerDelay, CancellationToken.None)).ConfigureAwait(false);
    }

    private static bool HasHandlers(SessionContext session, EventArgs args) =>
        session.Listeners?.For(args).Any() is true
            || (args is ReLoginRequiredEventArgs && session.Services.Options.OnReLoginRequired is not null);

    private static async Task CallHandlersAsync(SessionContext session, EventArgs args)
    {
        // Call the handlers one by one, so that one that throws doesn't keep the next from being called.
        foreach (var handler in session.Listeners?.For(args) ?? [])
        {
            try
            {
                handler(session.Owner);
            }
            catch (Exception e)
            {
                LogThrown(session, e);
            }
        }

        if (args is ReLoginRequiredEventArgs required && session.Services.Options.OnReLoginRequired is { } callback)
        {
            var app = new AppCancellation(thrown => LogThrown(session, thrown));
            using var stopping = app.FollowFrom(session.Services.Work.Stopping);
            try
            {
                await callback(session.Owner, required, app.Token).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                LogThrown(session, e);
            }
        }
    }

    /// <summary>Logs an exception of the app's code.</summary>
    public static void LogThrown(SessionContext session, Exception thrown) =>
        SessionLog.HandlerThrew(session.Services.Logger, session.Services.Name, thrown.GetType().Name);
}

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
        var handlers = HandlersOf(session, args).ToList();
        if (handlers.Count == 0)
        {
            return;
        }

        var handling = Task.Run(() => CallAsync(session, handlers));
        await WaitExtensions.FirstOfAsync(
            handling, TimeProvider.System.Delay(MaxHandlerDelay, CancellationToken.None)).ConfigureAwait(false);
    }

    private static IEnumerable<Func<Task>> HandlersOf(SessionContext session, EventArgs? args)
    {
        foreach (var handler in session.Listeners?.For(args) ?? [])
        {
            yield return () =>
            {
                handler(session.Owner);
                return Task.CompletedTask;
            };
        }

        if (args is ReLoginRequiredEventArgs required && session.Services.Options.OnReLoginRequired is { } callback)
        {
            yield return async () =>
            {
                var app = new AppCancellation(thrown => LogThrown(session, thrown));
                using var stopping = app.FollowFrom(session.Services.Work.Stopping);
                await callback(session.Owner, required, app.Token).ConfigureAwait(false);
            };
        }
    }

    private static async Task CallAsync(SessionContext session, IEnumerable<Func<Task>> handlers)
    {
        // Call the handlers one by one, so that one that throws doesn't keep the next from being called.
        foreach (var handler in handlers)
        {
            try
            {
                await handler().ConfigureAwait(false);
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

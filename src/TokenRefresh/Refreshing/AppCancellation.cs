using TokenRefresh.Diagnostics;

namespace TokenRefresh.Refreshing;

/// <summary>
/// A cancellation token for the app's own code. The app may register callbacks on it that throw or block, so it never gets one of this
/// library's own sources: its callbacks run on a pool thread, and what they throw is logged.
/// </summary>
internal sealed class AppCancellation(SessionContext session)
{
    private readonly CancellationTokenSource _source = new();
    private int _isCancelled;

    public CancellationToken Token => _source.Token;

    /// <summary>Cancels the token when ours is cancelled.</summary>
    public CancellationTokenRegistration FollowFrom(CancellationToken own) =>
        own.Register(static cancellation => ((AppCancellation)cancellation!).Cancel(), this);

    public void Cancel()
    {
        if (Interlocked.Exchange(ref _isCancelled, 1) == 0)
        {
            _ = Task.Run(RunCallbacks);
        }
    }

    private void RunCallbacks()
    {
        try
        {
            _source.Cancel();
        }
        catch (Exception e)
        {
            SessionLog.HandlerThrew(session.Services.Logger, session.Services.Name, e.GetType().Name);
        }
    }
}

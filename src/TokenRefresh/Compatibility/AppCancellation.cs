namespace TokenRefresh;

/// <summary>
/// A cancellation token for the app's own code. The app may register callbacks that throw or block. A callback that throws on a timer's
/// thread ends the process. So the app never gets a token of this library's own sources, and its callbacks run on a pool thread.
/// </summary>
/// <param name="onThrown">Gets the exception of a callback; <see langword="null"/> to ignore it.</param>
internal sealed class AppCancellation(Action<Exception>? onThrown)
{
    private readonly CancellationTokenSource _source = new();
    private int _isCancelled;

    public CancellationToken Token => _source.Token;

    /// <summary>Cancels the app's token when <paramref name="own"/> is cancelled.</summary>
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
            onThrown?.Invoke(e);
        }
    }
}

namespace TokenRefresh;

/// <summary>
/// A cancellation token for the app's own code. The app may register callbacks on it that throw or block, so it never gets one of this
/// library's own sources: a callback that throws on a timer's thread ends the process. Its callbacks run on a pool thread.
/// </summary>
/// <param name="onThrown">Gets what a callback of the app throws; <see langword="null"/>: it is ignored.</param>
internal sealed class AppCancellation(Action<Exception>? onThrown)
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
            onThrown?.Invoke(e);
        }
    }
}

namespace TokenRefresh.AspNetCore.Sessions;

/// <summary>Limits how long a request waits for a token store, which may accept a call and never answer it.</summary>
internal sealed class StoreLimit(TimeProvider time)
{
    /// <summary>A store that doesn't answer delays one request in this time, not every request.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    // It is the time that a session has for saving tokens.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    /// <param name="operation">All calls together. When their token is cancelled, they end or are no longer waited for.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="TimeoutException">The store doesn't answer in time.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> operation, CancellationToken cancellationToken)
    {
        using var limit = time.CreateTimeout(Timeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await operation(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException("The token store did not answer in time.", e);
        }
    }
}

namespace TokenRefresh.AspNetCore.BackChannelLogout;

/// <summary>Calls a store, which may be the app's: one that blocks or ignores its token is left after five seconds.</summary>
internal readonly struct LimitedStore(ITokenStore store, TimeProvider time)
{
    // As long as a session's own store has for saving.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    /// <exception cref="TimeoutException">The store doesn't answer in time.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public Task<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken)
    {
        var records = store;
        return CallAsync(token => records.ReadAsync(key, token), cancellationToken);
    }

    /// <exception cref="TimeoutException">The store doesn't answer in time.</exception>
    public Task<StoredRecord?> CompareExchangeAsync(TokenSessionKey key, string text, string? expectedRevision, TimeSpan keepFor)
    {
        var records = store;
        return CallAsync(token => records.CompareExchangeAsync(key, text, expectedRevision, keepFor, token), CancellationToken.None);
    }

    private async Task<T> CallAsync<T>(Func<CancellationToken, ValueTask<T>> call, CancellationToken cancellationToken)
    {
        using var limit = time.CreateTimeout(Timeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        var app = new AppCancellation(onThrown: null);
        using var following = app.FollowFrom(either.Token);
        try
        {
            // It may block before its first await: on a thread of its own it can be left.
            var answer = Task.Run(() => call(app.Token).AsTask(), CancellationToken.None);
            return await answer.WaitOrLeaveAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException("The token store did not answer in time.", e);
        }
    }
}

namespace TokenRefresh.AspNetCore.BackChannelLogout;

/// <summary>
/// Calls a store, which may be the app's own. When the token is cancelled, it doesn't wait longer for a store that blocks or ignores the
/// token.
/// </summary>
internal readonly struct LeavableStore(ITokenStore store)
{
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public Task<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken)
    {
        var records = store;
        return CallAsync(token => records.ReadAsync(key, token), cancellationToken);
    }

    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public Task<StoredRecord?> CompareExchangeAsync(
        TokenSessionKey key, string text, string? expectedRevision, TimeSpan keepFor, CancellationToken cancellationToken)
    {
        var records = store;
        return CallAsync(token => records.CompareExchangeAsync(key, text, expectedRevision, keepFor, token), cancellationToken);
    }

    private static async Task<T> CallAsync<T>(Func<CancellationToken, ValueTask<T>> call, CancellationToken cancellationToken)
    {
        var app = new AppCancellation(onThrown: null);
        using var following = app.FollowFrom(cancellationToken);
        var answer = OtherThread.RunAsync(() => call(app.Token).AsTask());
        return await answer.WaitOrLeaveAsync(cancellationToken).ConfigureAwait(false);
    }
}

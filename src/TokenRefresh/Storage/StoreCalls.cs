using System.Text;
using static TokenRefresh.TimeSpans;

namespace TokenRefresh.Storage;

/// <summary>
/// Calls an <see cref="ITokenStore"/>, which may be the app's own. At the timeout it doesn't wait longer for a store that blocks or ignores
/// its token. It notes whether the store could be reached.
/// </summary>
internal sealed class StoreCalls(ITokenStore store, TokenSessionKey key, RecordWatch watch)
{
    // A larger record can't be read again.
    private const int MaxSize = 1024 * 1024;

    // No token lives so long. Every time of day minus this time is a valid date.
    private static readonly TimeSpan LongestAge = TimeSpan.FromDays(100 * 365);

    /// <summary>
    /// The shortest wait after one that ended without a change. It is real time, so that a store that returns at once doesn't use the whole
    /// processor.
    /// </summary>
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(20);

    /// <summary>Runs an operation that consists of several calls.</summary>
    /// <exception cref="StoreException">It failed; or the token was cancelled.</exception>
    public static async Task<T> GuardAsync<T>(Func<Task<T>> operation, CancellationToken cancellationToken)
    {
        try
        {
            return await operation().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            throw new StoreException(
                cancellationToken.IsCancellationRequested ? new TimeoutException("The token store did not answer in time.") : e);
        }
    }

    public async Task<StoredRecord?> ReadAsync(CancellationToken cancellationToken) =>
        WithinLimits(await CallAsync(token => store.ReadAsync(key, token), cancellationToken).ConfigureAwait(false));

    /// <summary>Writes a record over the one of this revision.</summary>
    /// <returns>The record that is stored afterwards, and whether it is the written one.</returns>
    public async Task<(StoredRecord? Stored, bool IsWritten)> ExchangeAsync(
        LoginRecord record, string? revision, CancellationToken cancellationToken)
    {
        var text = TextOf(record);
        return Answer(text, revision, await WriteAsync(text, revision, record.KeepFor, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>
    /// The same for a sign-in or sign-out. If the write fails, it reads the record: the write may have succeeded, and its answer was lost.
    /// </summary>
    public async Task<(StoredRecord? Stored, bool IsWritten)> ExchangeOrFindAsync(
        LoginRecord record, string? revision, CancellationToken cancellationToken)
    {
        var text = TextOf(record);
        StoredRecord? stored;
        try
        {
            stored = await WriteAsync(text, revision, record.KeepFor, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not TokenStoreConfigurationException && !cancellationToken.IsCancellationRequested)
        {
            stored = await ReadAsync(cancellationToken).ConfigureAwait(false);
            if (stored?.Text != text)
            {
                throw;
            }
        }

        return Answer(text, revision, stored);
    }

    /// <summary>Waits for a change. A wait is repeated if one for the same record has returned before.</summary>
    public async Task WaitForChangeAsync(LoginStoreResult leased, bool isRepeated, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        await CallAsync(
            async token =>
            {
                await store.WaitForChangeAsync(key, leased.Revision, leased.Delay, token).ConfigureAwait(false);
                return true;
            },
            cancellationToken).ConfigureAwait(false);
        var rest = ShortestWait - TimeProvider.System.GetElapsedTime(start);
        if (isRepeated && rest > TimeSpan.Zero)
        {
            await TimeProvider.System.Delay(rest, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Takes the store's own lock. If the caller was cancelled before the lock arrives, the lock is released.</summary>
    public async Task<IDisposable?> TryLockAsync(ITokenStoreLock locks, CancellationToken cancellationToken)
    {
        var app = new AppCancellation(onThrown: null);
        using var following = app.FollowFrom(cancellationToken);
        var taking = Start(() => locks.TryLockAsync(key, app.Token));
        try
        {
            return await taking.WaitOrLeaveAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            app.Cancel();
            _ = taking.ContinueWith(
                late => late.Result?.Dispose(),
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnRanToCompletion | TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
            throw;
        }
    }

    private static string TextOf(LoginRecord record)
    {
        var text = LoginRecordText.Write(record);
        var size = Encoding.UTF8.GetByteCount(text);
        return size <= MaxSize ? text : throw new TokenStoreConfigurationException(
            $"The tokens are too large to be saved: the record would have {size} bytes, and the limit is {MaxSize}. Configure the server "
            + "to issue smaller tokens.");
    }

    private Task<StoredRecord?> WriteAsync(string text, string? revision, TimeSpan? keepFor, CancellationToken cancellationToken) =>
        CallAsync(token => store.CompareExchangeAsync(key, text, revision, keepFor, token), cancellationToken);

    private (StoredRecord? Stored, bool IsWritten) Answer(string text, string? revision, StoredRecord? stored) =>
        stored is null && revision is null
            ? throw new InvalidOperationException($"{store.GetType().Name} returned null from a write that expected no record.")
            : (WithinLimits(stored), stored?.Text == text);

    private async Task<T> CallAsync<T>(Func<CancellationToken, ValueTask<T>> call, CancellationToken cancellationToken)
    {
        var app = new AppCancellation(onThrown: null);
        using var following = app.FollowFrom(cancellationToken);
        try
        {
            var result = await Start(() => call(app.Token)).WaitOrLeaveAsync(cancellationToken).ConfigureAwait(false);
            watch.StoreAnswered();
            return result;
        }
        catch (Exception e) when (e is not TokenStoreConfigurationException)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                app.Cancel();
            }

            watch.StoreFailed();
            throw;
        }
    }

    // The store's clock may be wrong, so the age can have any value.
    private static StoredRecord? WithinLimits(StoredRecord? stored) =>
        stored is { } record ? record with { Age = Max(TimeSpan.Zero, Min(record.Age, LongestAge)) } : null;

    // An app's store may block before its first await. It runs on a thread of its own, so that the caller can stop waiting.
    private Task<T> Start<T>(Func<ValueTask<T>> call) =>
        store is IBuiltInTokenStore ? call().AsTask() : OtherThread.RunAsync(() => call().AsTask());
}

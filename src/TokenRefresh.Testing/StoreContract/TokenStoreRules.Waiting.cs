namespace TokenRefresh.Testing;

// The rules about finding another process's writes, and about the lock, if the store has one.
internal sealed partial class TokenStoreRules
{
    private static readonly TimeSpan LeastPatience = TimeSpan.FromMilliseconds(50);

    public async Task A_wait_ends_when_the_record_is_written()
    {
        var first = await WriteAsync("one");
        var waiting = Other.WaitForChangeAsync(Key, first.Revision, LongTime, default).AsTask();

        await WriteAsync("two", first.Revision);

        await UntilDoneAsync(waiting);
    }

    public async Task A_wait_ends_when_the_first_record_is_written()
    {
        var waiting = Other.WaitForChangeAsync(Key, null, LongTime, default).AsTask();

        await WriteAsync("one");

        await UntilDoneAsync(waiting);
    }

    public async Task A_wait_without_notifications_ends_too()
    {
        if (contract.OpenWithoutNotifications() is not { } store)
        {
            return;
        }

        var first = await WriteAsync("one");
        var waiting = store.WaitForChangeAsync(Key, first.Revision, LongTime, default).AsTask();

        await WriteAsync("two", first.Revision);

        await UntilDoneAsync(waiting);
    }

    public async Task A_change_before_the_wait_is_not_missed()
    {
        var first = await WriteAsync("one");
        await WriteAsync("two", first.Revision);

        await UntilDoneAsync(Other.WaitForChangeAsync(Key, first.Revision, LongTime, default).AsTask());
    }

    public async Task A_wait_ends_after_its_timeout()
    {
        var first = await WriteAsync("one");
        var waiting = Other.WaitForChangeAsync(Key, first.Revision, ShortTime, default).AsTask();

        await contract.AdvanceTimeAsync(ShortTime);

        await UntilDoneAsync(waiting);
    }

    public async Task A_wait_that_is_cancelled_ends()
    {
        var first = await WriteAsync("one");
        using var cancel = new CancellationTokenSource();
        var waiting = Other.WaitForChangeAsync(Key, first.Revision, LongTime, cancel.Token).AsTask();

        cancel.Cancel();

        await Task.WhenAny(waiting, TimeProvider.System.Delay(Gate.FailSafe, default));
        Check.True(waiting.IsCompleted && !waiting.IsFaulted, "the wait has ended");
    }

    public async Task A_subscriber_is_called_after_a_write()
    {
        if (Other is not ITokenStoreNotifications notifications)
        {
            return;
        }

        using var calls = new SemaphoreSlim(0);
        using var subscription = notifications.Subscribe(Key, _ => calls.Release());
        await WriteUntilCalledAsync(calls);
    }

    public async Task A_subscriber_that_has_unsubscribed_is_not_called_again_and_the_others_are()
    {
        if (Other is not ITokenStoreNotifications notifications)
        {
            return;
        }

        using var first = new SemaphoreSlim(0);
        using var second = new SemaphoreSlim(0);
        using var staying = notifications.Subscribe(Key, _ => second.Release());
        var leaving = notifications.Subscribe(Key, _ => first.Release());
        await WriteUntilCalledAsync(first);
        leaving.Dispose();
        leaving.Dispose();

        // When the notification of a later write has arrived, earlier notifications have arrived too.
        await WriteUntilCalledAsync(second);
        var calls = first.CurrentCount;
        await WriteUntilCalledAsync(second);
        await WriteUntilCalledAsync(second);

        Check.Equal(calls, first.CurrentCount);
    }

    public async Task Of_fifty_that_try_to_take_the_lock_one_has_it_until_it_is_disposed()
    {
        if (Store is not ITokenStoreLock)
        {
            return;
        }

        var taken = await Task.WhenAll(
            Enumerable.Range(0, 50).Select(number => Task.Run(() => TryLockAsync(number % 2 == 0 ? Store : Other, Key))));
        using var another = await TryLockAsync(Other, Key with { UserKey = "another" });
        taken.Single(held => held is not null)!.Dispose();
        using var next = await TryLockAsync(Other, Key);

        Check.True(another is not null, "the lock of another user is free");
        Check.True(next is not null, "the lock is free again");
    }

    /// <summary>
    /// Writes until the subscriber is called: the subscription itself may take a moment, and a lost call costs only time.
    /// </summary>
    private async Task WriteUntilCalledAsync(SemaphoreSlim calls)
    {
        // Real time, also for a store whose clock is the test's own.
        var patience = ShortTime > LeastPatience ? ShortTime : LeastPatience;
        while (await calls.WaitAsync(TimeSpan.Zero))
        {
            // Calls for earlier writes don't count.
        }

        for (var number = 0; ; number++)
        {
            Check.True(number < 50, "the subscriber was called");
            await WriteAsync("text-" + number, (await Store.ReadAsync(Key, default))?.Revision);
            if (await calls.WaitAsync(patience))
            {
                return;
            }
        }
    }

    private static Task<IDisposable?> TryLockAsync(ITokenStore store, TokenSessionKey key) =>
        ((ITokenStoreLock)store).TryLockAsync(key, default).AsTask();

    // A store that polls by a clock that stands still needs its time advanced.
    private async Task UntilDoneAsync(Task task)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!task.IsCompleted && TimeProvider.System.GetElapsedTime(start) < Gate.FailSafe)
        {
            await contract.AdvanceTimeAsync(TimeSpan.FromMilliseconds(20));
            await Task.WhenAny(task, TimeProvider.System.Delay(TimeSpan.FromMilliseconds(5), default));
        }

        Check.True(task.IsCompleted, "the wait has ended");
        await task;
    }
}

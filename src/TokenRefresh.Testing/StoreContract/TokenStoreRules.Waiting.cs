using System;
using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh.Testing;

// How followers learn what the leader did.
internal sealed partial class TokenStoreRules
{
    public Task A_follower_is_woken_by_a_commit() => AfterAsync(() => CommitAsync(Store, "a", 1, "two"));

    public Task A_follower_is_woken_by_a_claim_that_is_given_back() => AfterAsync(() => FailAsync(Store, "a", 1, "owner", new ClaimFailure()));

    public Task A_follower_is_woken_by_a_sign_out() => AfterAsync(() => Store.SignOutAsync(Key, 1, default).AsTask());

    public Task A_follower_is_woken_by_a_sign_in() => AfterAsync(() => Store.SignInAsync(Key, "b", 1, Tokens("new"), default).AsTask());

    public async Task A_follower_that_hears_nothing_finds_the_change_all_the_same()
    {
        if (contract.OpenDeaf() is not { } deaf)
        {
            return;
        }

        await Store.SignInAsync(Key, "a", 0, Tokens("one"), default);
        await BeginAsync(Store, "a", 1, "owner");
        var follower = await FollowAsync(deaf);

        await CommitAsync(Store, "a", 1, "two");
        await UntilDoneAsync(follower);

        Check.Equal(TokenStoreVerdict.Adopt, (await BeginAsync(deaf, "a", 1)).Verdict);
    }

    public async Task A_change_between_a_claim_and_its_wait_is_not_missed()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), default);
        await BeginAsync(Store, "a", 1, "owner");
        var wait = await BeginAsync(Other, "a", 1);
        await CommitAsync(Store, "a", 1, "two");

        await UntilDoneAsync(Other.WaitForChangeAsync(Key, 1, wait.Delay, default).AsTask());
    }

    public async Task A_follower_waits_no_longer_than_the_lease()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), default);
        await BeginAsync(Store, "a", 1, "gone", ShortLease);
        var wait = await BeginAsync(Other, "a", 1);
        var follower = Other.WaitForChangeAsync(Key, 1, wait.Delay, default).AsTask();

        await contract.ElapseAsync(ShortLease);
        await UntilDoneAsync(follower);
    }

    public async Task A_follower_that_is_cancelled_leaves()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), default);
        await BeginAsync(Store, "a", 1, "owner");
        await BeginAsync(Other, "a", 1);
        using var cancel = new CancellationTokenSource();
        var follower = Other.WaitForChangeAsync(Key, 1, LongLease, cancel.Token).AsTask();

        cancel.Cancel();

        await Task.WhenAny(follower, TimeProvider.System.Delay(Gate.FailSafe, default));
        Check.True(follower.IsCompleted && !follower.IsFaulted);
    }

    private async Task AfterAsync(Func<Task> change)
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), default);
        await BeginAsync(Store, "a", 1, "owner");
        var follower = await FollowAsync(Other);

        await change();
        await UntilDoneAsync(follower);

        Check.True((await BeginAsync(Other, "a", 1)).Verdict != TokenStoreVerdict.Wait);
    }

    private async Task<Task> FollowAsync(ITokenStore store)
    {
        var wait = await BeginAsync(store, "a", 1);
        Check.Equal(TokenStoreVerdict.Wait, wait.Verdict);
        return store.WaitForChangeAsync(Key, 1, wait.Delay, default).AsTask();
    }

    // A store that polls by a clock that stands still has to be helped on.
    private async Task UntilDoneAsync(Task task)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!task.IsCompleted && TimeProvider.System.GetElapsedTime(start) < Gate.FailSafe)
        {
            await contract.ElapseAsync(TimeSpan.FromMilliseconds(20));
            await Task.WhenAny(task, TimeProvider.System.Delay(TimeSpan.FromMilliseconds(5), default));
        }

        Check.True(task.IsCompleted, "the follower was woken");
        await task;
    }
}

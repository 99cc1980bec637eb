using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Xunit;

namespace TokenRefresh.TestKit;

/// <summary>
/// What every <see cref="ITokenStore"/> must do. To hold your own store to it, derive a test class from this one, give it
/// <see cref="Open"/> and <see cref="ElapseAsync"/>, and run it: each fact is one rule. A store that notifies gives
/// <see cref="OpenDeaf"/> too; a store that can't share records between instances gives the same instance each time.
/// </summary>
public abstract class TokenStoreContract : IAsyncLifetime
{
    private static int _number;

    /// <summary>A lease that is over when a test lets it be: short for a store with a clock of its own.</summary>
    protected virtual TimeSpan ShortLease => TimeSpan.FromMilliseconds(300);

    /// <summary>A lease that no test lives to see the end of.</summary>
    protected static TimeSpan LongLease => TimeSpan.FromMinutes(1);

    /// <summary>A record of its own for each test, so that they may share one server.</summary>
    protected TokenSessionKey Key { get; } = new($"contract-{Environment.ProcessId}-{Interlocked.Increment(ref _number)}", "user@example.com");

    protected ITokenStore Store { get; private set; } = null!;

    /// <summary>The store as another process has it.</summary>
    protected ITokenStore Other { get; private set; } = null!;

    /// <summary>Opens the store: each time as another process would.</summary>
    protected abstract ITokenStore Open();

    /// <summary>Opens the store so that it hears no notification; <see langword="null"/>: it has none, and polls anyhow.</summary>
    protected virtual ITokenStore? OpenDeaf() => null;

    /// <summary>Lets time pass by the store's clock.</summary>
    protected abstract Task ElapseAsync(TimeSpan time);

    /// <summary>Starts what the store needs, before it is opened.</summary>
    protected virtual ValueTask StartAsync() => default;

    public async ValueTask InitializeAsync()
    {
        await StartAsync();
        Store = Open();
        Other = Open();
    }

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return default;
    }

    [Fact]
    public async Task Without_a_sign_in_there_is_no_record()
    {
        Assert.Equal(TokenStoreVerdict.Missing, (await Store.ReadAsync(Key, Cancel)).Verdict);
        Assert.Equal(TokenStoreVerdict.Missing, (await BeginAsync(Store, "a", 1)).Verdict);
    }

    [Fact]
    public async Task What_was_signed_in_is_read_as_it_was()
    {
        var signedIn = await Store.SignInAsync(Key, "a", 0, Tokens("one \"ü\" \r\n"), Cancel);

        var read = await Other.ReadAsync(Key, Cancel);

        Assert.Equal(TokenStoreVerdict.Accepted, signedIn.Verdict);
        Assert.Equal((TokenStoreVerdict.Adopt, "a", 1, "one \"ü\" \r\n"), (read.Verdict, read.Lineage, read.Version, read.Tokens?.Value));
        Assert.Equal((signedIn.Lineage, signedIn.Version), (read.Lineage, read.Version));
    }

    [Fact]
    public async Task A_sign_in_is_above_every_version_there_was()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), Cancel);
        await CommitAsync(Store, "a", 1, "two");

        Assert.Equal(3, (await Store.SignInAsync(Key, "b", 0, Tokens("three"), Cancel)).Version);
        Assert.Equal(8, (await Store.SignInAsync(Key, "c", 7, Tokens("four"), Cancel)).Version);
    }

    [Fact]
    public async Task The_age_of_tokens_is_told_by_the_stores_clock()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), Cancel);
        await ElapseAsync(ShortLease);

        Assert.InRange((await Other.ReadAsync(Key, Cancel)).Age, ShortLease - TimeSpan.FromMilliseconds(50), ShortLease + TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Of_fifty_claims_at_once_one_is_accepted_and_the_others_wait()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), Cancel);

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(() => BeginAsync(i % 2 == 0 ? Store : Other, "a", 1))));

        Assert.Single(answers, answer => answer.Verdict == TokenStoreVerdict.Accepted);
        Assert.All(answers.Where(answer => answer.Verdict != TokenStoreVerdict.Accepted), answer =>
        {
            Assert.Equal(TokenStoreVerdict.Wait, answer.Verdict);
            Assert.InRange(answer.Delay, TimeSpan.FromTicks(1), LongLease);
        });
    }

    [Fact]
    public async Task A_claim_on_an_old_version_is_told_the_newer_tokens()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), Cancel);
        await CommitAsync(Store, "a", 1, "two");

        var answer = await BeginAsync(Other, "a", 1);

        Assert.Equal((TokenStoreVerdict.Adopt, 2, "two"), (answer.Verdict, answer.Version, answer.Tokens?.Value));
    }

    [Fact]
    public async Task A_claim_of_another_lineage_is_told_the_new_logins_tokens()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), Cancel);
        await Store.SignInAsync(Key, "b", 0, Tokens("two"), Cancel);

        var answer = await BeginAsync(Other, "a", 2);

        Assert.Equal((TokenStoreVerdict.Adopt, "b", "two"), (answer.Verdict, answer.Lineage, answer.Tokens?.Value));
    }

    [Fact]
    public async Task Of_twenty_commits_at_one_version_one_is_accepted_and_all_others_learn_it()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), Cancel);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => CommitAsync(i % 2 == 0 ? Store : Other, "a", 1, "two-" + i))));

        Assert.Single(answers, answer => answer.Verdict == TokenStoreVerdict.Accepted && answer.Version == 2);
        var saved = (await Store.ReadAsync(Key, Cancel)).Tokens?.Value;
        Assert.All(answers.Where(answer => answer.Verdict != TokenStoreVerdict.Accepted), answer =>
            Assert.Equal((TokenStoreVerdict.Adopt, saved), (answer.Verdict, answer.Tokens?.Value)));
    }

    [Fact]
    public async Task A_commit_frees_the_next_version_for_a_claim()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), Cancel);
        await BeginAsync(Store, "a", 1);
        await CommitAsync(Store, "a", 1, "two");

        var next = await BeginAsync(Other, "a", 2);

        Assert.Equal((TokenStoreVerdict.Accepted, false), (next.Verdict, next.InDoubt));
    }

    [Fact]
    public async Task A_commit_of_another_lineage_changes_nothing()
    {
        await Store.SignInAsync(Key, "b", 0, Tokens("b"), Cancel);

        var late = await CommitAsync(Other, "a", 1, "a");

        Assert.Equal((TokenStoreVerdict.Adopt, "b"), (late.Verdict, late.Lineage));
        Assert.Equal("b", (await Store.ReadAsync(Key, Cancel)).Tokens?.Value);
    }

    [Fact]
    public async Task A_commit_makes_a_record_where_there_is_none()
    {
        var answer = await CommitAsync(Store, "a", 4, "five");

        Assert.Equal((TokenStoreVerdict.Accepted, 5), (answer.Verdict, answer.Version));
        Assert.Equal("five", (await Other.ReadAsync(Key, Cancel)).Tokens?.Value);
    }

    [Fact]
    public async Task A_lease_that_ended_is_taken_over_and_leaves_doubt()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), Cancel);
        await BeginAsync(Store, "a", 1, "gone", ShortLease);
        await ElapseAsync(ShortLease + ShortLease);

        var taken = await BeginAsync(Other, "a", 1, "next");
        var third = await BeginAsync(Store, "a", 1, "third");

        Assert.Equal((TokenStoreVerdict.Accepted, true), (taken.Verdict, taken.InDoubt));
        Assert.Equal(TokenStoreVerdict.Wait, third.Verdict);
    }

    [Fact]
    public async Task A_late_commit_wins_over_whoever_took_the_lease()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), Cancel);
        await BeginAsync(Store, "a", 1, "slow", ShortLease);
        await ElapseAsync(ShortLease + ShortLease);
        await BeginAsync(Other, "a", 1, "next");

        var late = await CommitAsync(Store, "a", 1, "two");
        var failed = await FailAsync(Other, "a", 1, "next", new ClaimFailure { Dead = ReLoginReason.LostRotation });

        Assert.Equal(TokenStoreVerdict.Accepted, late.Verdict);
        Assert.Equal((TokenStoreVerdict.Adopt, "two"), (failed.Verdict, failed.Tokens?.Value));
    }

    [Fact]
    public async Task A_claim_that_is_given_back_can_be_taken_at_once()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), Cancel);
        await BeginAsync(Store, "a", 1, "first");

        var failed = await FailAsync(Store, "a", 1, "first", new ClaimFailure());
        var next = await BeginAsync(Other, "a", 1, "second");

        Assert.Equal(TokenStoreVerdict.Accepted, failed.Verdict);
        Assert.Equal((TokenStoreVerdict.Accepted, false), (next.Verdict, next.InDoubt));
    }

    [Fact]
    public async Task Doubt_goes_on_from_claim_to_claim_until_a_commit()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), Cancel);
        await BeginAsync(Store, "a", 1, "first");
        await FailAsync(Store, "a", 1, "first", new ClaimFailure { InDoubt = true });
        var second = await BeginAsync(Other, "a", 1, "second");
        await FailAsync(Other, "a", 1, "second", new ClaimFailure());
        var third = await BeginAsync(Store, "a", 1, "third");
        await CommitAsync(Store, "a", 1, "two");
        var afterwards = await BeginAsync(Other, "a", 2, "fourth");

        Assert.Equal((true, true, false), (second.InDoubt, third.InDoubt, afterwards.InDoubt));
    }

    [Fact]
    public async Task A_pause_that_the_server_asked_for_holds_everybody()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), Cancel);
        await BeginAsync(Store, "a", 1, "first");
        await FailAsync(Store, "a", 1, "first", new ClaimFailure { RetryAfter = ShortLease });

        var held = await BeginAsync(Other, "a", 1, "second");
        await ElapseAsync(ShortLease + ShortLease);
        var free = await BeginAsync(Other, "a", 1, "second");

        Assert.Equal(TokenStoreVerdict.BackOff, held.Verdict);
        Assert.InRange(held.Delay, TimeSpan.FromTicks(1), ShortLease);
        Assert.Equal(TokenStoreVerdict.Accepted, free.Verdict);
    }

    [Fact]
    public async Task Only_the_owner_of_a_claim_can_end_it()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), Cancel);
        await BeginAsync(Store, "a", 1, "owner");

        var strange = await FailAsync(Other, "a", 1, "stranger", new ClaimFailure { Dead = ReLoginReason.Rejected });
        var stale = await FailAsync(Other, "a", 0, "owner", new ClaimFailure { Dead = ReLoginReason.Rejected });

        Assert.Equal(TokenStoreVerdict.Adopt, strange.Verdict);
        Assert.Equal(TokenStoreVerdict.Adopt, stale.Verdict);
        Assert.Equal("one", (await Store.ReadAsync(Key, Cancel)).Tokens?.Value);
    }

    [Fact]
    public async Task A_dead_login_is_dead_for_all_and_its_tokens_are_gone()
    {
        await DieAsync();

        var read = await Other.ReadAsync(Key, Cancel);
        var begun = await BeginAsync(Other, "a", 1);

        Assert.Equal((TokenStoreVerdict.Dead, ReLoginReason.InteractionRequired, "login_required"), (read.Verdict, read.Reason, read.Error));
        Assert.Equal((TokenStoreVerdict.Dead, "a", 1), (begun.Verdict, begun.Lineage, begun.Version));
        Assert.Null(read.Tokens);
    }

    [Fact]
    public async Task A_late_success_wins_over_a_dead_mark_at_its_version()
    {
        await DieAsync();

        var late = await CommitAsync(Other, "a", 1, "two");

        Assert.Equal((TokenStoreVerdict.Accepted, 2), (late.Verdict, late.Version));
        Assert.Equal((TokenStoreVerdict.Adopt, "two"), await VerdictAndTokensAsync());
    }

    [Fact]
    public async Task A_dead_mark_at_a_newer_version_stands_against_a_late_commit()
    {
        await Store.SignInAsync(Key, "a", 5, Tokens("one"), Cancel);
        await BeginAsync(Store, "a", 6, "owner");
        await FailAsync(Store, "a", 6, "owner", new ClaimFailure { Dead = ReLoginReason.Rejected });

        Assert.Equal(TokenStoreVerdict.Dead, (await CommitAsync(Other, "a", 5, "late")).Verdict);
    }

    [Fact]
    public async Task A_sign_in_ends_a_dead_login()
    {
        await DieAsync();

        await Store.SignInAsync(Key, "b", 0, Tokens("new"), Cancel);

        Assert.Equal((TokenStoreVerdict.Adopt, "new"), await VerdictAndTokensAsync());
    }

    [Fact]
    public async Task A_sign_out_wins_over_a_late_commit_and_a_late_failure()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), Cancel);
        await BeginAsync(Store, "a", 1, "owner");

        var signedOut = await Other.SignOutAsync(Key, 1, Cancel);
        var late = await CommitAsync(Store, "a", 1, "two");
        var failed = await FailAsync(Store, "a", 1, "owner", new ClaimFailure { Dead = ReLoginReason.Rejected });

        Assert.Equal((TokenStoreVerdict.Accepted, 2), (signedOut.Verdict, signedOut.Version));
        Assert.Equal(TokenStoreVerdict.Closed, late.Verdict);
        Assert.Equal(TokenStoreVerdict.Closed, failed.Verdict);
        Assert.Equal((TokenStoreVerdict.Closed, null), await VerdictAndTokensAsync());
    }

    [Fact]
    public async Task A_sign_out_and_commits_at_once_leave_nobody_signed_in()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), Cancel);

        await Task.WhenAll(
            Task.Run(() => CommitAsync(Store, "a", 1, "two")),
            Task.Run(() => Other.SignOutAsync(Key, 1, Cancel).AsTask()),
            Task.Run(() => CommitAsync(Other, "a", 1, "two")),
            Task.Run(() => CommitAsync(Other, "a", 2, "three")));

        Assert.Equal(TokenStoreVerdict.Closed, (await Store.ReadAsync(Key, Cancel)).Verdict);
    }

    [Fact]
    public async Task A_sign_in_after_a_sign_out_starts_above_the_tombstone()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), Cancel);
        var signedOut = await Store.SignOutAsync(Key, 1, Cancel);

        var signedIn = await Store.SignInAsync(Key, "b", 0, Tokens("new"), Cancel);

        Assert.True(signedIn.Version > signedOut.Version);
    }

    [Fact]
    public async Task Records_of_other_sessions_and_users_are_others()
    {
        TokenSessionKey[] keys = [new(Key.SessionName), new(Key.SessionName, "c"), new(Key.SessionName + "c"), new(Key.SessionName + ":1", "c"), new(Key.SessionName, "1:c")];
        for (var i = 0; i < keys.Length; i++)
        {
            await Store.SignInAsync(keys[i], "a", 0, Tokens("tokens-" + i), Cancel);
        }

        await Store.SignOutAsync(keys[1], 1, Cancel);

        var read = new List<string?>();
        foreach (var key in keys)
        {
            read.Add((await Other.ReadAsync(key, Cancel)).Tokens?.Value);
        }

        Assert.Equal(["tokens-0", null, "tokens-2", "tokens-3", "tokens-4"], read);
    }

    [Theory]
    [InlineData("commit")]
    [InlineData("give back")]
    [InlineData("sign out")]
    [InlineData("sign in")]
    public async Task A_follower_is_woken_by_every_change(string change)
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), Cancel);
        await BeginAsync(Store, "a", 1, "owner");
        var follower = await FollowAsync(Other);

        await ChangeAsync(change);
        await UntilDoneAsync(follower);

        Assert.NotEqual(TokenStoreVerdict.Wait, (await BeginAsync(Other, "a", 1)).Verdict);
    }

    [Fact]
    public async Task A_follower_that_hears_nothing_finds_the_change_all_the_same()
    {
        if (OpenDeaf() is not { } deaf)
        {
            return;
        }

        await Store.SignInAsync(Key, "a", 0, Tokens("one"), Cancel);
        await BeginAsync(Store, "a", 1, "owner");
        var follower = await FollowAsync(deaf);

        await ChangeAsync("commit");
        await UntilDoneAsync(follower);

        Assert.Equal(TokenStoreVerdict.Adopt, (await BeginAsync(deaf, "a", 1)).Verdict);
    }

    [Fact]
    public async Task A_change_between_a_claim_and_its_wait_is_not_missed()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), Cancel);
        await BeginAsync(Store, "a", 1, "owner");
        var wait = await BeginAsync(Other, "a", 1);
        await ChangeAsync("commit");

        await UntilDoneAsync(Other.WaitForChangeAsync(Key, 1, wait.Delay, Cancel).AsTask());
    }

    [Fact]
    public async Task A_follower_waits_no_longer_than_the_lease()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), Cancel);
        await BeginAsync(Store, "a", 1, "gone", ShortLease);
        var wait = await BeginAsync(Other, "a", 1);
        var follower = Other.WaitForChangeAsync(Key, 1, wait.Delay, Cancel).AsTask();

        await ElapseAsync(ShortLease);
        await UntilDoneAsync(follower);

        Assert.True(follower.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_follower_that_is_cancelled_leaves()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), Cancel);
        await BeginAsync(Store, "a", 1, "owner");
        await BeginAsync(Other, "a", 1);
        using var cancel = new CancellationTokenSource();
        var follower = Other.WaitForChangeAsync(Key, 1, LongLease, cancel.Token).AsTask();

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => follower.WaitAsync(Gate.FailSafe, TimeProvider.System));
    }

    protected static CancellationToken Cancel => CancellationToken.None;

    protected static ProtectedTokens Tokens(string value) => new(value);

    protected Task<TokenStoreAnswer> BeginAsync(ITokenStore store, string lineage, long version, string? owner = null, TimeSpan? lease = null) =>
        store.BeginAsync(Key, new RefreshClaim(lineage, version, owner ?? Guid.NewGuid().ToString("N"), lease ?? LongLease), Cancel).AsTask();

    protected Task<TokenStoreAnswer> CommitAsync(ITokenStore store, string lineage, long version, string tokens) =>
        store.CommitAsync(Key, lineage, version, Tokens(tokens), Cancel).AsTask();

    protected Task<TokenStoreAnswer> FailAsync(ITokenStore store, string lineage, long version, string owner, ClaimFailure failure) =>
        store.FailAsync(Key, new RefreshClaim(lineage, version, owner, LongLease), failure, Cancel).AsTask();

    private async Task DieAsync()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), Cancel);
        await BeginAsync(Store, "a", 1, "owner");
        var answer = await FailAsync(Store, "a", 1, "owner", new ClaimFailure { Dead = ReLoginReason.InteractionRequired, Error = "login_required" });
        Assert.Equal(TokenStoreVerdict.Accepted, answer.Verdict);
    }

    private async Task<(TokenStoreVerdict Verdict, string? Tokens)> VerdictAndTokensAsync()
    {
        var read = await Other.ReadAsync(Key, Cancel);
        return (read.Verdict, read.Tokens?.Value);
    }

    private async Task<Task> FollowAsync(ITokenStore store)
    {
        var wait = await BeginAsync(store, "a", 1);
        Assert.Equal(TokenStoreVerdict.Wait, wait.Verdict);
        return store.WaitForChangeAsync(Key, 1, wait.Delay, Cancel).AsTask();
    }

    private async Task ChangeAsync(string change)
    {
        _ = change switch
        {
            "commit" => await CommitAsync(Store, "a", 1, "two"),
            "give back" => await FailAsync(Store, "a", 1, "owner", new ClaimFailure()),
            "sign out" => await Store.SignOutAsync(Key, 1, Cancel),
            _ => await Store.SignInAsync(Key, "b", 1, Tokens("new"), Cancel),
        };
    }

    // A store that polls by a clock that stands still has to be helped on.
    private async Task UntilDoneAsync(Task task)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!task.IsCompleted && TimeProvider.System.GetElapsedTime(start) < Gate.FailSafe)
        {
            await ElapseAsync(TimeSpan.FromMilliseconds(20));
            await Task.WhenAny(task, Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System));
        }

        await task.WaitAsync(TimeSpan.FromMilliseconds(1), TimeProvider.System);
    }
}

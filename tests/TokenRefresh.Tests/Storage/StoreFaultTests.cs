using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Storage;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Storage;

/// <summary>Stores that lose answers, stall, block, fail, wake a waiter without a change or break the contract; and clocks that jump.</summary>
public sealed class StoreFaultTests
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(35);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    [Trait("Case", "S3")]
    public async Task A_lease_whose_answer_was_lost_is_the_holders_own_when_it_asks_again()
    {
        var store = new FaultyStore(_time);
        var (process, other) = (new LoginProcess(store, _time), new LoginProcess(store, _time));
        await process.SignInAsync(1);
        await other.LoadAsync();
        await store.LoseAnswerAsync(() => process.AcquireAsync());

        var others = await other.AcquireAsync();
        var again = await process.AcquireAgainAsync();

        Assert.Equal(LoginStatus.Leased, others.Status);
        Assert.Equal((LoginStatus.Succeeded, false), (again.Status, again.Record.PossiblyUsed));
        Assert.Equal(LoginStatus.Succeeded, (await process.SaveAsync(2)).Status);
    }

    [Fact]
    [Trait("Case", "S3")]
    public async Task A_lease_that_a_stalled_store_grants_after_its_holder_gave_up_is_the_holders_own()
    {
        var store = new FaultyStore(_time);
        var process = new LoginProcess(store, _time);
        await process.SignInAsync(1);
        Assert.IsType<TimeoutException>((await GiveUpAcquiringAsync(store, process)).Cause);

        // The store makes the write when it is released, even if the caller has left.
        store.Stall.Open();
        await Eventually.UntilAsync(() => store.WritesAfterStall == 1);
        var again = await process.AcquireAgainAsync();

        Assert.Equal((LoginStatus.Succeeded, false), (again.Status, again.Record.PossiblyUsed));
    }

    [Fact]
    [Trait("Case", "S3")]
    public async Task A_stalled_write_that_comes_after_the_repeated_one_changes_nothing()
    {
        var store = new FaultyStore(_time);
        var process = new LoginProcess(store, _time);
        await process.SignInAsync(1);
        await GiveUpAcquiringAsync(store, process);
        await process.AcquireAgainAsync();
        await process.SaveAsync(2);

        store.Stall.Open();
        await Eventually.UntilAsync(() => store.WritesAfterStall == 1);

        var saved = await new LoginProcess(store, _time).LoadAsync();
        Assert.Equal(("refresh-2", process.Held.Revision), (saved.Tokens.RefreshToken, saved.Revision));
    }

    [Fact]
    public async Task A_save_whose_answer_was_lost_is_found_made_and_makes_no_second_version()
    {
        var store = new FaultyStore(_time);
        var process = new LoginProcess(store, _time);
        await process.SignInAsync(1);
        await process.AcquireAsync();
        var first = process.Held.Version;
        await store.LoseAnswerAsync(() => process.SaveAsync(2));
        _time.Advance(TimeSpan.FromSeconds(5));

        var again = await process.SaveAsync(2);

        Assert.Equal((LoginStatus.Succeeded, first + 1), (again.Status, again.Version));
        Assert.Equal(LoginStatus.Succeeded, (await process.AcquireAsync()).Status);
    }

    [Fact]
    public async Task A_save_whose_answer_was_lost_gives_way_to_what_another_process_refreshed_since()
    {
        var store = new FaultyStore(_time);
        var (process, other) = (new LoginProcess(store, _time), new LoginProcess(store, _time));
        await process.SignInAsync(1);
        await process.AcquireAsync();
        await store.LoseAnswerAsync(() => process.SaveAsync(2));
        await other.LoadAsync();
        await other.RefreshAsync(3);

        var again = await process.SaveAsync(2);

        Assert.Equal((LoginStatus.Newer, "refresh-3"), (again.Status, process.Held.Tokens?.RefreshToken));
    }

    [Fact]
    public async Task An_end_and_a_release_whose_answers_were_lost_can_be_repeated()
    {
        var store = new FaultyStore(_time);
        var process = new LoginProcess(store, _time);
        await process.SignInAsync(1);
        await process.AcquireAsync();
        await store.LoseAnswerAsync(() => process.ReleaseAsync());
        await store.LoseAnswerAsync(() => process.AcquireAsync());
        await store.LoseAnswerAsync(() => process.EndAsync());

        var ended = await process.EndAsync();

        Assert.Equal((LoginStatus.LoginEnded, ReLoginReason.Rejected, "invalid_grant"), (ended.Status, ended.Record.Reason, ended.Record.Error));
    }

    [Fact]
    [Trait("Case", "S4")]
    public async Task After_an_outage_a_process_doesnt_take_over_before_the_holder_could_save()
    {
        var store = new FaultyStore(_time);
        var (leader, other) = (new LoginProcess(store, _time), new LoginProcess(store, _time));
        await leader.SignInAsync(1);
        await other.LoadAsync();
        await leader.AcquireAsync();
        store.IsAway = true;
        await Assert.ThrowsAsync<StoreException>(() => leader.SaveAsync(2));
        await Assert.ThrowsAsync<StoreException>(() => other.AcquireAsync());
        _time.Advance(TimeSpan.FromMinutes(5));
        store.IsAway = false;

        var early = await other.AcquireAsync();
        _time.Advance(TimeSpan.FromSeconds(2));
        var stillEarly = await other.AcquireAsync();
        var saved = await leader.SaveAsync(2);
        var newer = await other.AcquireAsync();

        Assert.Equal((LoginStatus.Leased, TimeSpan.FromSeconds(3)), (early.Status, early.Delay));
        Assert.Equal((LoginStatus.Leased, TimeSpan.FromSeconds(1)), (stillEarly.Status, stillEarly.Delay));
        Assert.Equal(LoginStatus.Succeeded, saved.Status);
        Assert.Equal((LoginStatus.Newer, "refresh-2"), (newer.Status, other.Held.Tokens?.RefreshToken));
    }

    [Fact]
    [Trait("Case", "S4")]
    public async Task After_an_outage_a_dead_holder_is_waited_for_no_longer_than_that()
    {
        var store = new FaultyStore(_time);
        var (dead, other) = (new LoginProcess(store, _time), new LoginProcess(store, _time));
        await dead.SignInAsync(1);
        await other.LoadAsync();
        await dead.AcquireAsync();
        store.IsAway = true;
        await Assert.ThrowsAsync<StoreException>(() => other.AcquireAsync());
        _time.Advance(TimeSpan.FromMinutes(5));
        store.IsAway = false;
        await other.AcquireAsync();
        _time.Advance(TimeSpan.FromSeconds(3));

        var taken = await other.AcquireAsync();

        Assert.Equal((LoginStatus.Succeeded, true), (taken.Status, taken.Record.PossiblyUsed));
    }

    [Fact]
    [Trait("Case", "A11")]
    [Trait("Case", "S6")]
    public async Task A_clock_that_is_set_back_makes_a_dead_holders_lease_no_longer_than_it_was_made_for()
    {
        var storesClock = new WrongTime(_time);
        var store = new MemoryTokenStore(storesClock);
        var (dead, other) = (new LoginProcess(store, _time), new LoginProcess(store, _time));
        await dead.SignInAsync(1);
        await other.LoadAsync();
        await dead.AcquireAsync();
        storesClock.Ahead = TimeSpan.FromHours(-1);

        var first = await other.AcquireAsync();
        _time.Advance(TimeSpan.FromSeconds(20));
        var second = await other.AcquireAsync();
        _time.Advance(TimeSpan.FromSeconds(15));
        var third = await other.AcquireAsync();

        Assert.Equal((LoginStatus.Leased, Duration), (first.Status, first.Delay));
        Assert.Equal((LoginStatus.Leased, TimeSpan.FromSeconds(15)), (second.Status, second.Delay));
        Assert.Equal((LoginStatus.Succeeded, true), (third.Status, third.Record.PossiblyUsed));
        Assert.Equal(0, other.Watch.Count);
    }

    [Fact]
    [Trait("Case", "A11")]
    public async Task A_clock_that_is_set_back_makes_a_servers_pause_no_longer_than_it_asked_for()
    {
        var storesClock = new WrongTime(_time);
        var store = new MemoryTokenStore(storesClock);
        var process = new LoginProcess(store, _time);
        await process.SignInAsync(1);
        await process.AcquireAsync();
        await process.ReleaseAsync(new LeaseRelease { RetryAfter = TimeSpan.FromSeconds(5) });
        storesClock.Ahead = TimeSpan.FromHours(-1);

        var first = await process.AcquireAsync();
        _time.Advance(TimeSpan.FromSeconds(5));
        var second = await process.AcquireAsync();

        Assert.Equal((LoginStatus.RetryLater, TimeSpan.FromSeconds(5)), (first.Status, first.Delay));
        Assert.Equal(LoginStatus.Succeeded, second.Status);
    }

    [Fact]
    [Trait("Case", "A11")]
    public async Task Another_lease_is_watched_anew()
    {
        var storesClock = new WrongTime(_time);
        var store = new MemoryTokenStore(storesClock);
        var (leader, other) = (new LoginProcess(store, _time), new LoginProcess(store, _time));
        await leader.SignInAsync(1);
        await other.LoadAsync();
        await leader.AcquireAsync();
        storesClock.Ahead = TimeSpan.FromHours(-1);
        await other.AcquireAsync();
        _time.Advance(TimeSpan.FromSeconds(30));
        await leader.AcquireAgainAsync();

        var leased = await other.AcquireAsync();

        Assert.Equal((LoginStatus.Leased, Duration), (leased.Status, leased.Delay));
    }

    [Fact]
    [Trait("Case", "S5")]
    public async Task A_store_whose_waits_end_at_once_is_not_asked_without_a_pause()
    {
        var store = new FaultyStore(_time);
        var (leader, other) = (new LoginProcess(store, _time), new LoginProcess(store, _time));
        await leader.SignInAsync(1);
        await other.LoadAsync();
        await leader.AcquireAsync();

        var start = TimeProvider.System.GetTimestamp();
        for (var wait = 0; wait < 6; wait++)
        {
            await other.WaitForChangeAsync(await other.AcquireAsync());
        }

        // The first wait may have ended because of a change. The others ended without one.
        Assert.InRange(TimeProvider.System.GetElapsedTime(start), TimeSpan.FromMilliseconds(5 * 18), TimeSpan.FromSeconds(30));
    }

    [Fact]
    [Trait("Case", "A10")]
    public async Task A_store_that_blocks_its_thread_is_left_at_the_deadline()
    {
        using var blocking = new BlockingStore();
        var process = new LoginProcess(blocking, _time);
        using var deadline = new CancellationTokenSource();

        var loading = process.LoadAsync(deadline.Token);
        await blocking.Blocked.ArrivedAsync(1);
        await deadline.CancelAsync();

        var failure = await Assert.ThrowsAsync<StoreException>(() => loading.WaitAsync(Gate.FailSafe, TimeProvider.System));
        Assert.IsType<TimeoutException>(failure.Cause);
    }

    [Fact]
    [Trait("Case", "A10")]
    public async Task A_save_to_a_store_that_doesnt_answer_ends_after_five_seconds()
    {
        var store = new FaultyStore(_time);
        var process = new LoginProcess(store, _time);
        await process.SignInAsync(1);
        await process.AcquireAsync();
        store.IsStalled = true;
        var saving = process.SaveAsync(2);
        await store.Stall.ArrivedAsync(1);
        _time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(saving.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.1));

        var failure = await Assert.ThrowsAsync<StoreException>(() => saving.WaitAsync(Gate.FailSafe, TimeProvider.System));

        Assert.IsType<TimeoutException>(failure.Cause);
        store.Stall.Open();
    }

    [Fact]
    public async Task A_lock_that_comes_after_its_caller_has_left_is_given_back()
    {
        var store = new LateLockStore();
        var process = new LoginProcess(store, _time);
        await process.SignInAsync(1);
        using var deadline = new CancellationTokenSource();
        var acquiring = process.AcquireAsync(deadline.Token);
        await store.Locks.ArrivedAsync(1);
        await deadline.CancelAsync();
        await Assert.ThrowsAsync<StoreException>(() => acquiring);

        store.Locks.Open();

        await Eventually.UntilAsync(() => store.Disposed == 1);
    }

    [Fact]
    public async Task A_lock_is_given_back_where_no_lease_comes_of_it_and_kept_where_one_does()
    {
        var store = new LateLockStore();
        store.Locks.Open();
        var process = new LoginProcess(store, _time);
        await process.SignInAsync(1);
        await process.AcquireAsync();
        Assert.Equal(0, store.Disposed);

        await process.ReleaseAsync(new LeaseRelease { RetryAfter = Duration });
        var paused = await process.AcquireAsync();
        Assert.Equal((LoginStatus.RetryLater, null, 1), (paused.Status, paused.Lock, store.Disposed));

        store.IsAway = true;
        await Assert.ThrowsAsync<StoreException>(() => process.AcquireAsync());
        Assert.Equal(2, store.Disposed);
    }

    [Fact]
    public async Task A_store_that_returns_nothing_after_a_write_is_a_failure_and_no_null()
    {
        var store = new FaultyStore(_time) { ReturnsNothing = true };

        var failure = await Assert.ThrowsAsync<StoreException>(() => new LoginProcess(store, _time).SignInAsync(1));

        Assert.Contains("FaultyStore", failure.Cause.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_always_has_another_record_in_the_way_is_left_after_a_hundred_writes()
    {
        var store = new RestlessStore();

        await Assert.ThrowsAsync<StoreException>(() => new LoginProcess(store, _time).SignInAsync(1));
        Assert.Equal(100, store.Writes);
        var process = new LoginProcess(store, _time);
        await process.LoadAsync();
        await Assert.ThrowsAsync<StoreException>(() => process.AcquireAsync());
        Assert.Equal(201, store.Writes);
    }

    [Fact]
    [Trait("Case", "S13")]
    public async Task Tokens_too_large_to_be_read_again_are_not_written()
    {
        var store = new FaultyStore(_time);
        var logins = new SharedLoginStore(store, LoginProcess.Key, protector: null, _time, new RecordWatch(_time));
        var process = new LoginProcess(store, _time);
        await process.SignInAsync(1);
        await process.AcquireAsync();
        var large = new TokenSet("access-2", new string('x', 1024 * 1024));

        var signedIn = await Assert.ThrowsAsync<StoreException>(() => logins.SignInAsync("b", 0, large, default));
        var saved = await Assert.ThrowsAsync<StoreException>(() => logins.SaveAsync(process.Held, large));

        Assert.All([signedIn, saved], failure => Assert.IsType<TokenStoreConfigurationException>(failure.Cause));
        Assert.Equal("refresh-1", (await new LoginProcess(store, _time).LoadAsync()).Tokens.RefreshToken);
        Assert.Equal(LoginStatus.Succeeded, (await process.SignOutAsync()).Status);
    }

    [Fact]
    [Trait("Case", "S13")]
    public async Task A_record_of_the_largest_size_is_written_and_one_byte_more_is_refused()
    {
        const int limit = 1024 * 1024;
        var store = new FaultyStore(_time);
        var logins = new SharedLoginStore(store, LoginProcess.Key, protector: null, _time, new RecordWatch(_time));
        async Task<int> SizeOfAsync(int length)
        {
            await logins.SignInAsync("a", 0, new TokenSet(new string('x', length)), default);
            return (await store.ReadAsync(LoginProcess.Key, default))?.Text.Length ?? 0;
        }

        var rest = limit - await SizeOfAsync(1);
        Assert.Equal(limit, await SizeOfAsync(1 + rest));

        var refusal = await Assert.ThrowsAsync<StoreException>(() => SizeOfAsync(2 + rest));

        Assert.Contains("1048577", Assert.IsType<TokenStoreConfigurationException>(refusal.Cause).Message, StringComparison.Ordinal);
        Assert.Equal(limit, (await store.ReadAsync(LoginProcess.Key, default))?.Text.Length);
    }

    [Fact]
    public async Task Without_a_key_to_encrypt_with_no_lease_is_written()
    {
        var store = new FaultyStore(_time);
        var key = new LosableKey();
        var process = new LoginProcess(store, _time, key);
        await process.SignInAsync(1);
        var before = (await store.ReadAsync(LoginProcess.Key, default))?.Revision;
        key.IsLost = true;

        var failure = await Assert.ThrowsAsync<StoreException>(() => process.AcquireAsync());

        Assert.IsType<TokenStoreConfigurationException>(failure.Cause);
        Assert.Equal(before, (await store.ReadAsync(LoginProcess.Key, default))?.Revision);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Case", "B70")]
    public async Task A_sign_in_and_a_sign_out_replace_tokens_whose_key_is_lost_and_a_refresh_doesnt(bool isSignOut)
    {
        var store = new FaultyStore(_time);
        await new LoginProcess(store, _time, new LosableKey()).SignInAsync(1);
        var process = new LoginProcess(store, _time, new LosableKey { IsLost = true });
        var before = (await store.ReadAsync(LoginProcess.Key, default))?.Revision;

        Assert.IsType<TokenStoreConfigurationException>((await Assert.ThrowsAsync<StoreException>(() => process.LoadAsync())).Cause);
        Assert.Equal(before, (await store.ReadAsync(LoginProcess.Key, default))?.Revision);
        var other = new LoginProcess(store, _time);
        var result = isSignOut ? await other.SignOutAsync() : await other.SignInAsync(2);

        Assert.Equal((LoginStatus.Succeeded, null), (result.Status, result.Replaced));
        Assert.True(result.Version > 1);
    }

    [Theory]
    [InlineData("damage")]
    [InlineData("{\"tokenrefresh\":2,\"state\":\"SignedIn\",\"login\":\"a\",\"version\":6}")]
    [Trait("Case", "S10")]
    public async Task A_damaged_record_is_a_configuration_failure_that_a_sign_in_ends(string damage)
    {
        var store = new FaultyStore(_time);
        await store.DamageAsync(damage);
        var process = new LoginProcess(store, _time);

        Func<Task>[] operations = [() => process.LoadAsync(), () => process.AcquireAsync(), () => process.SaveAsync(2), () => process.EndAsync(), () => process.ReleaseAsync()];
        foreach (var operation in operations)
        {
            Assert.IsType<TokenStoreConfigurationException>((await Assert.ThrowsAsync<StoreException>(operation)).Cause);
        }

        Assert.Equal(damage, (await store.ReadAsync(LoginProcess.Key, default))?.Text);
        Assert.Equal(LoginStatus.Succeeded, (await process.SignInAsync(3)).Status);
        Assert.Equal("refresh-3", (await new LoginProcess(store, _time).LoadAsync()).Tokens.RefreshToken);
    }

    [Fact]
    public async Task A_record_can_be_kept_for_ever()
    {
        var store = new MemoryTokenStore(_time);

        await store.CompareExchangeAsync(LoginProcess.Key, "text", expectedRevision: null, TimeSpan.MaxValue, CancellationToken.None);

        Assert.Equal("text", (await store.ReadAsync(LoginProcess.Key, CancellationToken.None))?.Text);
    }

    /// <summary>Cancels an acquire while its write stands at the gate. Later writes pass.</summary>
    private static async Task<StoreException> GiveUpAcquiringAsync(FaultyStore store, LoginProcess process)
    {
        store.IsStalled = true;
        using var deadline = new CancellationTokenSource();
        var acquiring = process.AcquireAsync(deadline.Token);
        await store.Stall.ArrivedAsync(1);
        await deadline.CancelAsync();
        var failure = await Assert.ThrowsAsync<StoreException>(() => acquiring);
        store.IsStalled = false;
        return failure;
    }
}

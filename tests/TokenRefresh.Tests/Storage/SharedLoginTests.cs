using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Storage;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Storage;

/// <summary>Several processes and one record: who refreshes, whose result counts, and what that costs.</summary>
public sealed class SharedLoginTests
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(35);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly CountedStore _store;

    public SharedLoginTests() => _store = new CountedStore(_time);

    [Fact]
    public async Task Of_fifty_processes_one_gets_the_lease_and_the_others_wait_for_it()
    {
        await Start().SignInAsync(1);
        var processes = Enumerable.Range(0, 50).Select(_ => Start()).ToArray();
        await Task.WhenAll(processes.Select(process => process.LoadAsync()));

        var results = await Task.WhenAll(processes.Select(process => Task.Run(() => process.AcquireAsync())));

        Assert.Single(results, result => result.Status == LoginStatus.Succeeded);
        Assert.All(results.Where(result => result.Status != LoginStatus.Succeeded), result => Assert.Equal((LoginStatus.Leased, Duration), (result.Status, result.Delay)));
    }

    [Fact]
    public async Task Of_twenty_saves_at_one_version_one_is_made_and_all_others_get_it()
    {
        await Start().SignInAsync(1);
        var processes = Enumerable.Range(0, 20).Select(_ => Start()).ToArray();
        await Task.WhenAll(processes.Select(process => process.LoadAsync()));

        var results = await Task.WhenAll(processes.Select((process, number) => Task.Run(() => process.SaveAsync(number + 2))));

        var saved = await Start().LoadAsync();
        Assert.Single(results, result => result.Status == LoginStatus.Succeeded);
        Assert.All(processes, process => Assert.Equal((saved.Version, saved.Tokens.RefreshToken), (process.Held.Version, process.Held.Tokens?.RefreshToken)));
    }

    [Fact]
    public async Task Of_twenty_sign_ins_at_once_each_has_a_version_of_its_own_and_the_highest_is_saved()
    {
        var results = await Task.WhenAll(Enumerable.Range(1, 20).Select(number => Task.Run(() => Start().SignInAsync(number))));

        var saved = await Start().LoadAsync();
        Assert.Equal(20, results.Select(result => result.Version).Distinct().Count());
        Assert.Equal(results.MaxBy(result => result.Version)!.LoginId, saved.LoginId);
    }

    [Fact]
    [Trait("Case", "C36")]
    public async Task A_sign_out_beside_saves_leaves_the_login_signed_out()
    {
        for (var round = 0; round < 50; round++)
        {
            await Start().SignInAsync(1);
            var (one, two, leaver) = (Start(), Start(), Start());
            await Task.WhenAll(one.LoadAsync(), two.LoadAsync(), leaver.LoadAsync());

            await Task.WhenAll(Task.Run(() => one.RefreshAsync(2)), Task.Run(() => leaver.SignOutAsync()), Task.Run(() => two.SaveAsync(3)));

            Assert.Equal(LoginStatus.SignedOut, (await Start().LoadAsync()).Status);
        }
    }

    [Fact]
    public async Task A_leader_takes_two_round_trips_and_a_follower_two()
    {
        var leader = Start();
        await leader.SignInAsync(1);
        var follower = Start();
        await follower.LoadAsync();
        _store.Calls = 0;

        await leader.AcquireAsync();
        var leased = await follower.AcquireAsync();
        Assert.Equal((LoginStatus.Leased, 2), (leased.Status, _store.Calls));
        await leader.SaveAsync(2);
        var newer = await follower.AcquireAsync();

        Assert.Equal((LoginStatus.Newer, 4), (newer.Status, _store.Calls));
    }

    [Fact]
    public async Task The_next_refresh_of_who_refreshed_or_adopted_takes_two_round_trips_again()
    {
        var one = Start();
        await one.SignInAsync(1);
        await one.RefreshAsync(2);
        var other = Start();
        await other.LoadAsync();
        _store.Calls = 0;

        await one.RefreshAsync(3);
        await other.LoadAsync();
        await other.RefreshAsync(4);

        Assert.Equal(5, _store.Calls);
    }

    [Fact]
    public async Task A_lease_that_ended_without_a_result_is_taken_over_and_the_token_is_possibly_used_until_a_save()
    {
        var (gone, next, third) = (Start(), Start(), Start());
        await gone.SignInAsync(1);
        await next.LoadAsync();
        await third.LoadAsync();
        await gone.AcquireAsync();
        _time.Advance(Duration);

        var taken = await next.AcquireAsync();
        await next.ReleaseAsync();
        var again = await third.AcquireAsync();
        await third.SaveAsync(2);
        await next.LoadAsync();
        var afterwards = await next.AcquireAsync();

        Assert.Equal((LoginStatus.Succeeded, true), (taken.Status, taken.Record.PossiblyUsed));
        Assert.Equal((LoginStatus.Succeeded, true), (again.Status, again.Record.PossiblyUsed));
        Assert.Equal((LoginStatus.Succeeded, false), (afterwards.Status, afterwards.Record.PossiblyUsed));
    }

    [Fact]
    public async Task A_record_with_another_lease_is_never_leased_without_a_read()
    {
        var leader = Start();
        await leader.SignInAsync(1);
        await leader.AcquireAsync();

        var other = Start();
        var loaded = await other.LoadAsync();
        var same = await other.LoadAsync();

        Assert.Equal((LoginStatus.Newer, null), (loaded.Status, loaded.Revision));
        Assert.Equal((LoginStatus.Succeeded, null), (same.Status, same.Revision));
        Assert.Equal(LoginStatus.Leased, (await other.AcquireAsync()).Status);
    }

    [Fact]
    public async Task A_lease_that_is_given_up_can_be_taken_at_once()
    {
        var (one, other) = (Start(), Start());
        await one.SignInAsync(1);
        await other.LoadAsync();
        await one.AcquireAsync();
        await one.ReleaseAsync(new LeaseRelease { PossiblyUsed = true });

        var acquired = await other.AcquireAsync();

        Assert.Equal((LoginStatus.Succeeded, true), (acquired.Status, acquired.Record.PossiblyUsed));
    }

    [Fact]
    [Trait("Case", "C30")]
    public async Task A_pause_that_the_server_asked_for_holds_every_process()
    {
        var (one, other) = (Start(), Start());
        await one.SignInAsync(1);
        await other.LoadAsync();
        await one.AcquireAsync();
        await one.ReleaseAsync(new LeaseRelease { RetryAfter = TimeSpan.FromMinutes(10) });
        _time.Advance(TimeSpan.FromMinutes(4));

        var held = await other.AcquireAsync();
        _time.Advance(TimeSpan.FromMinutes(6));

        Assert.Equal((LoginStatus.RetryLater, TimeSpan.FromMinutes(6)), (held.Status, held.Delay));
        Assert.Equal(LoginStatus.Succeeded, (await other.AcquireAsync()).Status);
    }

    [Fact]
    [Trait("Case", "C33")]
    public async Task A_late_success_wins_over_the_end_that_another_process_saved()
    {
        var (slow, next) = (Start(), Start());
        await slow.SignInAsync(1);
        await next.LoadAsync();
        await slow.AcquireAsync();
        _time.Advance(Duration);
        await next.AcquireAsync();
        Assert.Equal(LoginStatus.LoginEnded, (await next.EndAsync()).Status);

        var saved = await slow.SaveAsync(2);

        Assert.Equal(LoginStatus.Succeeded, saved.Status);
        Assert.Equal((LoginStatus.Newer, "refresh-2"), ((await next.LoadAsync()).Status, next.Held.Tokens?.RefreshToken));
    }

    [Fact]
    [Trait("Case", "C33")]
    public async Task A_rejection_after_anothers_success_or_during_its_refresh_ends_nothing()
    {
        var (slow, next) = (Start(), Start());
        await slow.SignInAsync(1);
        await next.LoadAsync();
        await slow.AcquireAsync();
        _time.Advance(Duration);
        await next.AcquireAsync();

        var during = await slow.EndAsync();
        await next.SaveAsync(2);
        var after = await slow.EndAsync();

        Assert.Equal((LoginStatus.Leased, Duration), (during.Status, during.Delay));
        Assert.Equal((LoginStatus.Newer, "refresh-2"), (after.Status, slow.Held.Tokens?.RefreshToken));
    }

    [Fact]
    [Trait("Case", "A15")]
    public async Task The_age_of_tokens_doesnt_change_with_later_writes()
    {
        var (one, other) = (Start(), Start());
        await one.SignInAsync(1);
        _time.Advance(TimeSpan.FromMinutes(1));
        await other.LoadAsync();
        _time.Advance(TimeSpan.FromMinutes(1));
        await other.AcquireAsync();
        _time.Advance(TimeSpan.FromSeconds(10));
        await other.ReleaseAsync();
        _time.Advance(TimeSpan.FromSeconds(10));
        await other.AcquireAsync();
        _time.Advance(TimeSpan.FromSeconds(10));

        var loaded = await Start().LoadAsync();

        Assert.Equal(TimeSpan.FromSeconds(150), loaded.Age);
    }

    [Fact]
    public async Task The_release_of_a_record_that_is_gone_writes_nothing()
    {
        var store = new MemoryTokenStore();
        var key = new TokenSessionKey("orders");
        var logins = new SharedLoginStore(store, key, protector: null, TimeProvider.System, new RecordWatch(TimeProvider.System));

        await logins.ReleaseAsync(HeldLogin.SignedOut(1), new RefreshLease("mine", TimeSpan.FromSeconds(1)), new LeaseRelease());

        Assert.Null(await store.ReadAsync(key, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_sign_out_returns_exactly_the_tokens_that_its_write_replaced()
    {
        var (one, other) = (Start(), Start());
        await one.SignInAsync(1);
        await other.LoadAsync();
        await other.RefreshAsync(2);

        var signedOut = await one.SignOutAsync();
        var again = await other.SignOutAsync();

        Assert.Equal((LoginStatus.Succeeded, "refresh-2"), (signedOut.Status, signedOut.Replaced?.RefreshToken));
        Assert.Equal((LoginStatus.Succeeded, null), (again.Status, again.Replaced));
        Assert.True(again.Version > signedOut.Version);
    }

    [Fact]
    public async Task A_record_is_kept_as_long_as_it_is_needed()
    {
        var process = Start();
        await process.SignInAsync(1);
        Assert.Null(_store.KeepFor);
        await process.AcquireAsync();
        await process.EndAsync();
        Assert.Equal(TimeSpan.FromDays(7), _store.KeepFor);
        await process.SignInAsync(2);
        Assert.Null(_store.KeepFor);
        await process.SignOutAsync();
        Assert.Equal(TimeSpan.FromDays(7), _store.KeepFor);

        // A login whose end is known is kept a week longer: it must be found, to be found ended.
        var logins = new SharedLoginStore(_store, LoginProcess.Key, protector: null, _time, new RecordWatch(_time));
        var tokens = new TokenSet("access-3", "refresh-3") { RefreshTokenExpiresAt = _time.GetUtcNow().AddDays(30) };
        var signedIn = await logins.SignInAsync("c", 0, tokens, default);
        Assert.Equal(TimeSpan.FromDays(37), _store.KeepFor);
        _time.Advance(TimeSpan.FromDays(1));
        var held = HeldLogin.SignedIn("c", signedIn.Version, tokens, signedIn.Revision, TimeSpan.Zero);
        await logins.AcquireAsync(held, new RefreshLease("a", Duration), default);
        Assert.Equal(TimeSpan.FromDays(36), _store.KeepFor);
        _time.Advance(TimeSpan.FromDays(1));
        await logins.ReleaseAsync(held, new RefreshLease("a", Duration), new LeaseRelease());
        Assert.Equal(TimeSpan.FromDays(35), _store.KeepFor);
        _time.Advance(TimeSpan.FromDays(300));
        await logins.SignInAsync("c", 0, tokens, default);
        Assert.Equal(TimeSpan.FromDays(7), _store.KeepFor);
    }

    [Fact]
    [Trait("Case", "B77")]
    public async Task Of_eight_processes_that_want_the_clients_first_token_one_requests_it()
    {
        var processes = Enumerable.Range(0, 8).Select(_ => Start()).ToArray();

        var results = await Task.WhenAll(processes.Select(process => Task.Run(() => process.AcquireAsync())));
        var leader = Array.FindIndex(results, result => result.Status == LoginStatus.Succeeded);
        await processes[leader].SignInAsync(1, "client");

        Assert.Equal(7, results.Count(result => result.Status == LoginStatus.Leased));
        foreach (var process in processes)
        {
            await process.LoadAsync();
            Assert.Equal("access-1", process.Held.Tokens?.AccessToken);
        }
    }

    private LoginProcess Start() => new(_store, _time);

    private sealed class CountedStore(TimeProvider time) : StoreAround(new MemoryTokenStore(time))
    {
        private int _calls;

        public int Calls
        {
            get => _calls;
            set => _calls = value;
        }

        public TimeSpan? KeepFor { get; private set; }

        public override ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _calls);
            return base.ReadAsync(key, cancellationToken);
        }

        protected override ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _calls);
            KeepFor = write.KeepFor;
            return base.WriteAsync(write, cancellationToken);
        }
    }
}

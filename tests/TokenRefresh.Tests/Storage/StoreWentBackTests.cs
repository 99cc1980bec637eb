using TokenRefresh.Storage;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Storage;

/// <summary>A store that lost its last writes, or everything: no version goes back, and no process ends the login of one that is ahead.</summary>
[Trait("Case", "S1")]
[Trait("Case", "A2")]
public sealed class StoreWentBackTests
{
    private static readonly TimeSpan WriteBackPause = TimeSpan.FromSeconds(1);

    private readonly SwappedStore _store = new();

    [Fact]
    public async Task A_process_keeps_the_newer_pair_that_it_holds_and_writes_it_back()
    {
        var process = new LoginProcess(_store);
        await process.SignInAsync(1);
        var before = await _store.SaveStateAsync();
        await process.RefreshAsync(2);
        await _store.RestoreAsync(before);

        var loaded = await process.LoadAsync();

        Assert.Equal(LoginStatus.Succeeded, loaded.Status);
        Assert.Equal("refresh-2", process.Held.Tokens?.RefreshToken);
        Assert.Equal(("refresh-2", process.Held.Version), await SavedAsync());
    }

    [Fact]
    public async Task The_lease_for_the_newer_pair_is_taken_over_the_older_record()
    {
        var process = new LoginProcess(_store);
        await process.SignInAsync(1);
        var before = await _store.SaveStateAsync();
        await process.RefreshAsync(2);
        await _store.RestoreAsync(before);

        var acquired = await process.AcquireAsync();
        await process.SaveAsync(3);

        Assert.Equal((LoginStatus.Succeeded, true), (acquired.Status, acquired.Record.PossiblyUsed));
        Assert.Equal("refresh-3", (await SavedAsync()).RefreshToken);
    }

    [Fact]
    public async Task A_later_sign_in_of_another_user_is_written_back_over_the_earlier_users_record()
    {
        var process = new LoginProcess(_store);
        await process.SignInAsync(1, "a");
        var before = await _store.SaveStateAsync();
        await process.SignInAsync(2, "b");
        await _store.RestoreAsync(before);

        var loaded = await process.LoadAsync();

        Assert.Equal((LoginStatus.Succeeded, "b"), (loaded.Status, loaded.LoginId));
        Assert.Equal("refresh-2", (await SavedAsync()).RefreshToken);
    }

    [Fact]
    public async Task A_sign_out_that_the_store_lost_stays_one_for_all()
    {
        var process = new LoginProcess(_store);
        await process.SignInAsync(1);
        var other = new LoginProcess(_store);
        await other.LoadAsync();
        var before = await _store.SaveStateAsync();
        await process.SignOutAsync();
        await _store.RestoreAsync(before);

        var loaded = await process.LoadAsync();

        Assert.Equal((LoginStatus.Succeeded, LoginState.SignedOut), (loaded.Status, process.Held.State));
        Assert.Equal(LoginStatus.SignedOut, (await other.AcquireAsync()).Status);
    }

    [Fact]
    public async Task An_end_that_the_store_lost_is_written_back()
    {
        var process = new LoginProcess(_store);
        await process.SignInAsync(1);
        var before = await _store.SaveStateAsync();
        await process.AcquireAsync();
        await process.EndAsync(ReLoginReason.LostRotation);
        await _store.RestoreAsync(before);

        await process.LoadAsync();
        var other = await new LoginProcess(_store).LoadAsync();

        Assert.Equal((LoginStatus.LoginEnded, ReLoginReason.LostRotation, "invalid_grant"), (other.Status, other.Record.Reason, other.Record.Error));
    }

    [Fact]
    public async Task After_a_flush_a_process_that_is_behind_gives_way_to_one_that_is_ahead()
    {
        var time = WatchedTime.Create();
        var behind = new LoginProcess(_store, time);
        await behind.SignInAsync(1);
        var ahead = new LoginProcess(_store, time);
        await ahead.LoadAsync();
        await ahead.RefreshAsync(2);
        await ahead.RefreshAsync(3);
        _store.Flush();

        // It writes its old pair back, and waits before it uses it.
        var acquiring = behind.AcquireAsync();
        await time.WaitForPauseAsync(WriteBackPause);
        Assert.Equal("refresh-1", (await SavedAsync()).RefreshToken);
        Assert.Equal(LoginStatus.Succeeded, (await ahead.LoadAsync()).Status);
        time.Advance(WriteBackPause);
        var acquired = await acquiring.WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal((LoginStatus.Newer, "refresh-3"), (acquired.Status, behind.Held.Tokens?.RefreshToken));
        Assert.Equal("refresh-3", (await SavedAsync()).RefreshToken);
    }

    [Fact]
    public async Task After_a_flush_the_only_process_continues_and_its_token_is_possibly_used()
    {
        var time = WatchedTime.Create();
        var process = new LoginProcess(_store, time);
        await process.SignInAsync(1);
        _store.Flush();

        var acquiring = process.AcquireAsync();
        await time.PassAsync(WriteBackPause);
        var acquired = await acquiring.WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal((LoginStatus.Succeeded, true), (acquired.Status, acquired.Record.PossiblyUsed));
    }

    [Fact]
    public async Task After_a_flush_the_end_of_an_old_token_doesnt_end_the_login_of_a_process_that_is_ahead()
    {
        var time = WatchedTime.Create();
        var behind = new LoginProcess(_store, time);
        await behind.SignInAsync(1);
        var ahead = new LoginProcess(_store, time);
        await ahead.LoadAsync();
        await ahead.RefreshAsync(2);
        _store.Flush();
        var acquiring = behind.AcquireAsync();
        await time.PassAsync(WriteBackPause);
        await acquiring;
        Assert.Equal(LoginStatus.LoginEnded, (await behind.EndAsync()).Status);

        var acquired = await ahead.AcquireAsync();

        Assert.Equal((LoginStatus.Succeeded, "refresh-2"), (acquired.Status, ahead.Held.Tokens?.RefreshToken));

        // And the one that was behind finds it.
        Assert.Equal((LoginStatus.Newer, "refresh-2"), ((await behind.LoadAsync()).Status, behind.Held.Tokens?.RefreshToken));
    }

    [Fact]
    public async Task An_end_at_the_same_version_counts_for_its_own_token_only()
    {
        // Two processes came to one version, because the store lost a write in between.
        var one = new LoginProcess(_store);
        await one.SignInAsync(1);
        var other = new LoginProcess(_store);
        await other.LoadAsync();
        var before = await _store.SaveStateAsync();
        await one.RefreshAsync(2);
        await _store.RestoreAsync(before);
        await other.RefreshAsync(3);
        await other.AcquireAsync();
        await other.EndAsync();
        Assert.Equal(one.Held.Version, other.Held.Version);

        var acquired = await one.AcquireAsync();

        Assert.Equal((LoginStatus.Succeeded, "refresh-2"), (acquired.Status, one.Held.Tokens?.RefreshToken));
        Assert.Equal("refresh-2", (await SavedAsync()).RefreshToken);
    }

    [Fact]
    public async Task However_many_write_back_at_once_the_newest_is_what_all_have_in_the_end()
    {
        var first = new LoginProcess(_store);
        await first.SignInAsync(1);
        var processes = new List<LoginProcess> { first };
        for (var number = 2; number <= 8; number++)
        {
            var next = new LoginProcess(_store);
            await next.LoadAsync();
            await next.RefreshAsync(number);
            processes.Add(next);
        }

        _store.Flush();
        await Task.WhenAll(processes.Select(process => Task.Run(() => process.LoadAsync())));
        await Task.WhenAll(processes.Select(process => process.LoadAsync()));

        Assert.All(processes, process => Assert.Equal("refresh-8", process.Held.Tokens?.RefreshToken));
        Assert.Equal("refresh-8", (await SavedAsync()).RefreshToken);
    }

    [Fact]
    public async Task A_late_save_into_a_store_that_went_back_is_not_lost()
    {
        var process = new LoginProcess(_store);
        await process.SignInAsync(1);
        var before = await _store.SaveStateAsync();
        await process.RefreshAsync(2);
        await process.AcquireAsync();
        await _store.RestoreAsync(before);
        var afterRollback = await process.SaveAsync(3);
        await process.AcquireAsync();
        _store.Flush();
        var afterFlush = await process.SaveAsync(4);

        Assert.Equal((LoginStatus.Succeeded, LoginStatus.Succeeded), (afterRollback.Status, afterFlush.Status));
        Assert.Equal("refresh-4", (await SavedAsync()).RefreshToken);
    }

    [Fact]
    public async Task A_new_sign_in_after_a_flush_is_above_what_any_process_holds_of_the_old_login()
    {
        var old = new LoginProcess(_store);
        await old.SignInAsync(1, "a");
        await old.RefreshAsync(2);
        _store.Flush();
        var fresh = new LoginProcess(_store);
        await Eventually.UntilAsync(() => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() > old.Held.Version);
        await fresh.SignInAsync(3, "b");

        var acquired = await old.AcquireAsync();

        Assert.Equal((LoginStatus.Newer, "b"), (acquired.Status, old.Held.LoginId));
    }

    private async Task<(string? RefreshToken, long Version)> SavedAsync()
    {
        var saved = await new OtherProcess(_store, LoginProcess.Key).LoadAsync();
        return (saved.Tokens.RefreshToken, saved.Version);
    }

    /// <summary>A store whose content can be put back to an earlier state, as by a fail-over or a backup.</summary>
    private sealed class SwappedStore : ITokenStore
    {
        private MemoryTokenStore _records = new();

        public async Task<string> SaveStateAsync() => (await _records.ReadAsync(LoginProcess.Key, default))!.Value.Text;

        public async Task RestoreAsync(string text)
        {
            Flush();
            await _records.CompareExchangeAsync(LoginProcess.Key, text, null, null, default);
        }

        public void Flush() => _records = new MemoryTokenStore();

        public ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken) => _records.ReadAsync(key, cancellationToken);

        public ValueTask<StoredRecord?> CompareExchangeAsync(
            TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken) =>
            _records.CompareExchangeAsync(key, text, expectedRevision, keepFor, cancellationToken);

        public ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken) =>
            _records.WaitForChangeAsync(key, revision, timeout, cancellationToken);
    }
}

// The tests of Unix permissions skip themselves on Windows, which the analyzer does not see.
#pragma warning disable CA1416

using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Storage;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Storage;

public sealed class FileTokenStoreTests : IAsyncDisposable
{
    private static readonly TokenSessionKey Key = new("orders", "../../user@example.com");

    private readonly string _directory = Path.Combine(Path.GetTempPath(), "tokenrefresh-" + Guid.NewGuid().ToString("N"));
    private readonly FileTokenStore _store;

    public FileTokenStoreTests() => _store = new FileTokenStore(_directory);

    private string RecordFile => Directory.GetFiles(_directory, "*.record").Single();

    public async ValueTask DisposeAsync() => await TestDirectory.DeleteAsync(_directory);

    [Fact]
    public async Task Directory_and_files_are_for_their_owner_alone()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Unix permissions.");
        await SignInAsync();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_directory));
        Assert.All(Directory.GetFiles(_directory), file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
    }

    [Fact]
    public async Task No_file_name_tells_of_a_user_or_leads_out_of_the_directory()
    {
        await SignInAsync();

        Assert.Equal(2, Directory.GetFiles(_directory).Length);
        Assert.All(Directory.GetFiles(_directory), file => Assert.Matches("^([0-9a-f]{40}\\.record|[0-9a-f]{2}\\.lock)$", Path.GetFileName(file)));
        Assert.DoesNotContain("example.com", await File.ReadAllTextAsync(RecordFile), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"tokenrefresh\":1}")]
    [InlineData("tokenrefresh/1 a 0 -\n{}")]
    [InlineData("tokenrefresh/2 a 0\n{}")]
    public async Task A_damaged_file_is_reported_and_no_refresh_overwrites_it(string damage)
    {
        var signedIn = await SignInAsync();
        await File.WriteAllTextAsync(RecordFile, damage);

        var held = HeldLogin.SignedIn(signedIn.LoginId, signedIn.Version, new TokenSet("access-1", "refresh-1"), signedIn.Revision, TimeSpan.Zero);
        Func<Task>[] operations =
        [
            () => Logins.LoadAsync(HeldLogin.None, default),
            () => Logins.LoadAsync(held, default),
            () => Logins.AcquireAsync(held, new RefreshLease("a", TimeSpan.FromMinutes(1)), default),
            () => Logins.SaveAsync(held, new TokenSet("access-2", "refresh-2")),
            () => Logins.EndAsync(held, new RefreshLease("a", TimeSpan.FromMinutes(1)), ReLoginReason.Rejected, null),
            () => Logins.ReleaseAsync(held, new RefreshLease("a", TimeSpan.FromMinutes(1)), new LeaseRelease()),
        ];
        foreach (var operation in operations)
        {
            Assert.IsType<TokenStoreConfigurationException>((await Assert.ThrowsAsync<StoreException>(operation)).Cause);
        }

        var refusal = await Assert.ThrowsAsync<TokenStoreConfigurationException>(() => _store.ReadAsync(Key, default).AsTask());
        Assert.Contains(RecordFile, refusal.Message, StringComparison.Ordinal);
        Assert.Equal(damage, await File.ReadAllTextAsync(RecordFile));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Case", "S10")]
    public async Task A_damaged_file_is_replaced_by_a_sign_in_and_by_a_sign_out(bool isSignOut)
    {
        await SignInAsync();
        await File.WriteAllTextAsync(RecordFile, "damage");

        var result = isSignOut ? await new OtherProcess(_store, Key).SignOutAsync() : await SignInAsync();

        Assert.Equal((LoginStatus.Succeeded, null), (result.Status, result.Replaced));
        Assert.Equal(isSignOut ? LoginStatus.SignedOut : LoginStatus.Newer, (await new OtherProcess(_store, Key).LoadAsync()).Status);
    }

    [Theory]
    [InlineData("")]
    [InlineData("below")]
    [Trait("Case", "S10")]
    public async Task A_file_in_the_place_of_the_directory_is_a_configuration_failure(string below)
    {
        var file = Path.GetTempFileName();
        var store = new FileTokenStore(Path.Combine(file, below));

        await Assert.ThrowsAsync<TokenStoreConfigurationException>(() => store.ReadAsync(Key, default).AsTask());
        await Assert.ThrowsAsync<TokenStoreConfigurationException>(
            () => store.CompareExchangeAsync(Key, "text", null, null, default).AsTask());
        File.Delete(file);
    }

    [Fact]
    public async Task A_file_of_other_bytes_than_text_is_damaged()
    {
        await SignInAsync();
        var bytes = await File.ReadAllBytesAsync(RecordFile);
        bytes[bytes.AsSpan().IndexOf("access-1"u8)] = 0xFF;
        await File.WriteAllBytesAsync(RecordFile, bytes);

        await Assert.ThrowsAsync<TokenStoreConfigurationException>(() => _store.ReadAsync(Key, default).AsTask());
    }

    [Fact]
    public async Task A_record_as_large_as_it_may_be_is_written_and_read()
    {
        var text = new string('x', 1024 * 1024);
        await _store.CompareExchangeAsync(Key, text, null, TimeSpan.FromDays(7), default);

        Assert.True((await _store.ReadAsync(Key, default))?.Text == text);
    }

    [Fact]
    public async Task A_lock_file_that_others_could_use_is_not_held_once_it_was_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Unix permissions.");
        await SignInAsync();
        var file = LockFile;
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        await RefusedAsync();

        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using var held = HoldLock();
    }

    [Fact]
    public async Task A_file_too_large_for_a_record_is_reported_and_replaced_by_a_sign_in()
    {
        await SignInAsync();
        await using (var file = new FileStream(RecordFile, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength((1024 * 1024) + 257);
        }

        var refusal = await Assert.ThrowsAsync<TokenStoreConfigurationException>(() => _store.ReadAsync(Key, default).AsTask());
        Assert.Contains(RecordFile, refusal.Message, StringComparison.Ordinal);
        Assert.Equal((1024 * 1024) + 257, new FileInfo(RecordFile).Length);

        await SignInAsync();
        Assert.Equal(LoginStatus.Newer, (await new OtherProcess(_store, Key).LoadAsync()).Status);
    }

    [Fact]
    public async Task A_file_that_others_can_read_is_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Unix permissions.");
        await SignInAsync();
        File.SetUnixFileMode(RecordFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);

        await Assert.ThrowsAsync<TokenStoreConfigurationException>(() => _store.ReadAsync(Key, default).AsTask());
        await RefusedAsync();
    }

    [Fact]
    public async Task A_directory_that_others_can_use_is_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Unix permissions.");
        Directory.CreateDirectory(_directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);

        var refusal = await RefusedAsync();

        Assert.Contains("chmod 700", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_directory));
    }

    [Theory]
    [InlineData("record")]
    [InlineData("lock")]
    public async Task A_symbolic_link_in_place_of_a_file_is_refused_and_its_target_untouched(string kind)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege there.");
        await SignInAsync();
        var file = kind == "record" ? RecordFile : LockFile;
        var target = Path.Combine(_directory, "target");
        File.Delete(file);
        File.CreateSymbolicLink(file, target);

        // Also a link that leads nowhere yet: opening it would create its target.
        var refusal = await RefusedAsync();

        Assert.Contains($"The file {file} is a symbolic link", refusal.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(target));
    }

    [Theory]
    [InlineData(".record")]
    [InlineData(".record.tmp")]
    [Trait("Case", "S13")]
    public async Task A_directory_in_the_place_of_a_file_is_named(string ending)
    {
        await SignInAsync();
        var path = Path.ChangeExtension(RecordFile, ending);
        File.Delete(path);
        Directory.CreateDirectory(path);

        // Other tokens: a repeated sign-in with the same ones, in the same tick of the clock, finds its record and writes nothing.
        var failure = await Assert.ThrowsAsync<StoreException>(() => new OtherProcess(_store, Key).SignInAsync(new TokenSet("access-2", "refresh-2")));

        Assert.StartsWith($"{path} is a directory, where", Assert.IsType<TokenStoreConfigurationException>(failure.Cause).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_symbolic_link_in_place_of_the_directory_is_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege there.");
        var target = TestDirectory.Create();
        Directory.CreateSymbolicLink(_directory, target);
        try
        {
            var refusal = await RefusedAsync();
            Assert.Contains($"The directory {_directory} is a symbolic link", refusal.Message, StringComparison.Ordinal);
            Assert.Empty(Directory.GetFiles(target));
        }
        finally
        {
            Directory.Delete(_directory);
            Directory.Delete(target, recursive: true);
        }
    }

    [Fact]
    public async Task A_half_written_file_of_a_killed_process_stops_no_other_process()
    {
        await SignInAsync();
        await File.WriteAllTextAsync(RecordFile + ".tmp", "tokenref");

        await new OtherProcess(_store, Key).SaveAsync(new TokenSet("access-2", "refresh-2"));

        Assert.Equal("access-2", (await new OtherProcess(_store, Key).TokensAsync())?.AccessToken);
        Assert.Empty(Directory.GetFiles(_directory, "*.tmp"));
    }

    [Fact]
    public async Task Readers_take_no_lock()
    {
        await SignInAsync();
        using var held = HoldLock();

        Assert.NotNull(await _store.ReadAsync(Key, default));
    }

    [Fact]
    public async Task A_writer_goes_on_when_the_other_process_lets_go_of_the_lock()
    {
        await SignInAsync();
        var held = HoldLock();
        var writing = SignInAsync();
        Assert.False(writing.IsCompleted);

        await held.DisposeAsync();

        await writing.WaitAsync(Gate.FailSafe, TimeProvider.System);
    }

    [Fact]
    public async Task A_writer_that_waits_can_be_cancelled()
    {
        await SignInAsync();
        await using var held = HoldLock();
        using var cancel = new CancellationTokenSource();
        var writing = WriteAsync(_store, cancel.Token);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing.WaitAsync(Gate.FailSafe, TimeProvider.System));
    }

    [Fact]
    public async Task A_writer_that_waits_for_another_of_its_own_process_can_be_cancelled_and_blocks_no_other()
    {
        await SignInAsync();
        await using var held = HoldLock();
        var first = WriteAsync(_store);
        using var cancel = new CancellationTokenSource();
        var second = WriteAsync(_store, cancel.Token);

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.WaitAsync(Gate.FailSafe, TimeProvider.System));
        Assert.False(first.IsCompleted);
        await held.DisposeAsync();

        Assert.NotNull(await first.WaitAsync(Gate.FailSafe, TimeProvider.System));
        await SignInAsync().WaitAsync(Gate.FailSafe, TimeProvider.System);
    }

    [Fact]
    public async Task A_writer_doesnt_wait_for_ever()
    {
        await SignInAsync();
        await using var held = HoldLock();
        var time = new FakeTimeProvider();
        var writing = WriteAsync(new FileTokenStore(_directory, timeProvider: time));

        while (!writing.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await Assert.ThrowsAsync<TimeoutException>(() => writing);
    }

    [Fact]
    public async Task Readers_see_a_whole_record_whatever_is_being_written()
    {
        await SignInAsync();
        var large = new string('x', 20_000);
        var writing = Task.Run(async () =>
        {
            for (var number = 1; number <= 100; number++)
            {
                var revision = (await _store.ReadAsync(Key, default))?.Revision;
                await _store.CompareExchangeAsync(Key, number + large, revision, null, default);
            }
        });

        while (!writing.IsCompleted)
        {
            var read = await _store.ReadAsync(Key, default);
            Assert.True(read?.Text.EndsWith(large, StringComparison.Ordinal) != false || read?.Text.Contains("access-1", StringComparison.Ordinal) == true);
        }

        await writing;
    }

    private SharedLoginStore Logins => new(_store, Key, protector: null, TimeProvider.System, new RecordWatch(TimeProvider.System));

    private string LockFile => Directory.GetFiles(_directory, "*.lock").Single();

    private Task<LoginStoreResult> SignInAsync() => new OtherProcess(_store, Key).SignInAsync(new TokenSet("access-1", "refresh-1"));

    private async Task<TokenStoreConfigurationException> RefusedAsync() =>
        Assert.IsType<TokenStoreConfigurationException>((await Assert.ThrowsAsync<StoreException>(SignInAsync)).Cause);

    private static Task<StoredRecord?> WriteAsync(FileTokenStore store, CancellationToken cancellationToken = default) =>
        store.CompareExchangeAsync(Key, "text", "old", null, cancellationToken).AsTask();

    // As another process would hold it: the operating system doesn't tell one opener from another.
    private FileStream HoldLock() => new(LockFile, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
}

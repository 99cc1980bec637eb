// The tests of Unix permissions skip themselves on Windows, which the analyzer does not see.
#pragma warning disable CA1416

using System;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.TestKit;
using Xunit;

namespace TokenRefresh.Tests.Storage;

public sealed class FileTokenStoreTests : IDisposable
{
    private static readonly TokenSessionKey Key = new("orders", "../../user@example.com");

    private readonly string _directory = Path.Combine(Path.GetTempPath(), "tokenrefresh-" + Guid.NewGuid().ToString("N"));
    private readonly FileTokenStore _store;

    public FileTokenStoreTests() => _store = new FileTokenStore(_directory);

    private string RecordFile => Directory.GetFiles(_directory, "*.json").Single();

    public void Dispose()
    {
        if (Directory.Exists(_directory))
        {
            Directory.Delete(_directory, recursive: true);
        }
    }

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
        Assert.All(Directory.GetFiles(_directory), file => Assert.Matches("^[0-9a-f]{40}\\.json(\\.lock)?$", Path.GetFileName(file)));
        Assert.DoesNotContain("example.com", await File.ReadAllTextAsync(RecordFile), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"tokenrefresh\":2}")]
    [InlineData("{\"tokenrefresh\":1,\"lineage\":\"a\"}")]
    [InlineData("[]")]
    [InlineData("{\"tokenrefresh\":1,\"lineage\":null,\"version\":1,\"saved\":7}")]
    public async Task A_damaged_file_is_reported_and_never_overwritten(string damage)
    {
        await SignInAsync();
        await File.WriteAllTextAsync(RecordFile, damage);

        Func<ValueTask<TokenStoreAnswer>>[] operations =
        [
            () => _store.ReadAsync(Key, default),
            () => _store.BeginAsync(Key, new RefreshClaim("a", 1, "owner", TimeSpan.FromMinutes(1)), default),
            () => _store.CommitAsync(Key, "a", 1, new ProtectedTokens("two"), default),
            () => _store.FailAsync(Key, new RefreshClaim("a", 1, "owner", TimeSpan.FromMinutes(1)), new ClaimFailure(), default),
            () => _store.SignInAsync(Key, "b", 1, new ProtectedTokens("new"), default),
            () => _store.SignOutAsync(Key, 1, default),
        ];
        foreach (var operation in operations)
        {
            var refusal = await Assert.ThrowsAsync<UnreadableTokensException>(() => operation().AsTask());
            Assert.Contains(RecordFile, refusal.Message, StringComparison.Ordinal);
        }

        Assert.Equal(damage, await File.ReadAllTextAsync(RecordFile));
    }

    [Fact]
    public async Task A_file_of_other_bytes_than_text_is_damaged()
    {
        await SignInAsync();
        var bytes = await File.ReadAllBytesAsync(RecordFile);
        bytes[bytes.AsSpan().IndexOf("one"u8)] = 0xFF;
        await File.WriteAllBytesAsync(RecordFile, bytes);

        await Assert.ThrowsAsync<UnreadableTokensException>(() => _store.ReadAsync(Key, default).AsTask());
    }

    [Fact]
    public async Task A_file_as_large_as_a_record_may_be_is_read()
    {
        await SignInAsync();
        await using (var file = File.OpenWrite(RecordFile))
        {
            file.SetLength(1024 * 1024);
        }

        var refusal = await Assert.ThrowsAsync<UnreadableTokensException>(() => _store.ReadAsync(Key, default).AsTask());

        Assert.Contains("damaged", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lock_file_that_others_could_use_is_not_held_once_it_was_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Unix permissions.");
        await SignInAsync();
        var file = RecordFile + ".lock";
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        await Assert.ThrowsAsync<UnreadableTokensException>(SignInAsync);

        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using var held = HoldLock();
    }

    [Fact]
    public async Task A_file_too_large_for_a_record_is_reported_and_never_read_or_overwritten()
    {
        await SignInAsync();
        await using (var file = File.OpenWrite(RecordFile))
        {
            file.SetLength((1024 * 1024) + 1);
        }

        var refusal = await Assert.ThrowsAsync<UnreadableTokensException>(() => _store.ReadAsync(Key, default).AsTask());
        await Assert.ThrowsAsync<UnreadableTokensException>(SignInAsync);

        Assert.Contains("too large", refusal.Message, StringComparison.Ordinal);
        Assert.Equal((1024 * 1024) + 1, new FileInfo(RecordFile).Length);
    }

    [Fact]
    public async Task A_file_that_others_can_read_is_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Unix permissions.");
        await SignInAsync();
        File.SetUnixFileMode(RecordFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);

        await Assert.ThrowsAsync<UnreadableTokensException>(() => _store.ReadAsync(Key, default).AsTask());
        await Assert.ThrowsAsync<UnreadableTokensException>(SignInAsync);
    }

    [Fact]
    public async Task A_directory_that_others_can_use_is_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Unix permissions.");
        Directory.CreateDirectory(_directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);

        var refusal = await Assert.ThrowsAsync<UnreadableTokensException>(SignInAsync);

        Assert.Contains("chmod 700", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_directory));
    }

    [Theory]
    [InlineData(".json")]
    [InlineData(".json.lock")]
    public async Task A_symbolic_link_in_place_of_a_file_is_refused_and_its_target_untouched(string kind)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege there.");
        await SignInAsync();
        var file = Path.ChangeExtension(RecordFile, null) + kind;
        var target = Path.Combine(_directory, "target");
        File.Delete(file);
        File.CreateSymbolicLink(file, target);

        // Also a link that leads nowhere yet: opening it would create its target.
        var refusal = await Assert.ThrowsAsync<UnreadableTokensException>(SignInAsync);

        Assert.Contains($"The file {file} is a symbolic link", refusal.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(target));
    }

    [Fact]
    public async Task A_symbolic_link_in_place_of_the_directory_is_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege there.");
        var target = TestDirectory.Create();
        Directory.CreateSymbolicLink(_directory, target);
        try
        {
            var refusal = await Assert.ThrowsAsync<UnreadableTokensException>(SignInAsync);
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
    public async Task What_a_killed_process_left_half_written_is_in_nobodys_way()
    {
        await SignInAsync();
        await File.WriteAllTextAsync(RecordFile + ".tmp", "{\"tokenref");

        var answer = await _store.CommitAsync(Key, "a", 1, new ProtectedTokens("two"), default);

        Assert.Equal(TokenStoreVerdict.Accepted, answer.Verdict);
        Assert.Equal("two", (await _store.ReadAsync(Key, default)).Tokens?.Value);
        Assert.Empty(Directory.GetFiles(_directory, "*.tmp"));
    }

    [Fact]
    public async Task Readers_take_no_lock()
    {
        await SignInAsync();
        using var held = HoldLock();

        Assert.Equal(TokenStoreVerdict.Adopt, (await _store.ReadAsync(Key, default)).Verdict);
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
        var writing = _store.SignOutAsync(Key, 1, cancel.Token).AsTask();

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing.WaitAsync(Gate.FailSafe, TimeProvider.System));
    }

    [Fact]
    public async Task A_writer_that_waits_for_another_of_its_own_process_can_be_cancelled_and_keeps_nobody_out()
    {
        await SignInAsync();
        await using var held = HoldLock();
        var first = _store.SignOutAsync(Key, 1, default).AsTask();
        using var cancel = new CancellationTokenSource();
        var second = _store.SignOutAsync(Key, 1, cancel.Token).AsTask();

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.WaitAsync(Gate.FailSafe, TimeProvider.System));
        Assert.False(first.IsCompleted);
        await held.DisposeAsync();

        Assert.Equal(TokenStoreVerdict.Accepted, (await first.WaitAsync(Gate.FailSafe, TimeProvider.System)).Verdict);
        await SignInAsync().WaitAsync(Gate.FailSafe, TimeProvider.System);
    }

    [Fact]
    public async Task A_writer_doesnt_wait_for_ever()
    {
        await SignInAsync();
        await using var held = HoldLock();
        var time = new FakeTimeProvider();
        var writing = new FileTokenStore(_directory, time).SignOutAsync(Key, 1, default).AsTask();

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
            for (var version = 1; version <= 100; version++)
            {
                await _store.CommitAsync(Key, "a", version, new ProtectedTokens(large), default);
            }
        });

        var last = 0L;
        while (!writing.IsCompleted)
        {
            var read = await _store.ReadAsync(Key, default);
            Assert.Equal(TokenStoreVerdict.Adopt, read.Verdict);
            Assert.True(read.Version >= last);
            last = read.Version;
        }

        await writing;
    }

    private Task<TokenStoreAnswer> SignInAsync() => _store.SignInAsync(Key, "a", 0, new ProtectedTokens("one"), default).AsTask();

    // As another process would hold it: the operating system doesn't tell one opener from another.
    private FileStream HoldLock() => new(RecordFile + ".lock", FileMode.Open, FileAccess.ReadWrite, FileShare.None);
}

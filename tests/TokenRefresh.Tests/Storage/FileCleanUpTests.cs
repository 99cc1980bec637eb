using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Storage;

namespace TokenRefresh.Tests.Storage;

/// <summary>What is left of logins that are over is removed; nothing else is.</summary>
[Trait("Case", "S13")]
public sealed class FileCleanUpTests : IAsyncDisposable
{
    private readonly string _directory = Path.Combine(Path.GetTempPath(), "tokenrefresh-" + Guid.NewGuid().ToString("N"));
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly FileTokenStore _store;

    public FileCleanUpTests() => _store = new FileTokenStore(_directory, timeProvider: _time);

    public async ValueTask DisposeAsync() => await TestDirectory.DeleteAsync(_directory);

    [Fact]
    public async Task An_expired_record_is_removed_with_its_lock_and_a_live_one_stays()
    {
        await WriteAsync("alice", keepFor: null);
        await WriteAsync("bob", keepFor: TimeSpan.FromDays(7));
        (await _store.TryLockAsync(Of("bob"), CancellationToken.None))!.Dispose();
        _time.Advance(TimeSpan.FromDays(7));

        await CleanUpAsync();

        Assert.Equal([StoreKey.For(Of("alice")) + ".record"], Names());
    }

    [Fact]
    public async Task A_file_that_cant_be_read_doesnt_keep_the_others()
    {
        for (var user = 0; user < 20; user++)
        {
            await WriteAsync($"user-{user}", TimeSpan.FromDays(7));
        }

        var large = StoreKey.For(Of("large")) + ".record";
        await File.WriteAllTextAsync(Path.Combine(_directory, large), new string('x', 2 * 1024 * 1024));
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Path.Combine(_directory, large), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        _time.Advance(TimeSpan.FromDays(7));

        await CleanUpAsync();

        Assert.Equal([large], Names());
    }

    [Fact]
    public async Task What_a_killed_write_left_is_removed_unless_its_record_is_live()
    {
        await WriteAsync("alice", keepFor: null);
        var live = StoreKey.For(Of("alice")) + ".record";
        await File.WriteAllTextAsync(Path.Combine(_directory, live + ".tmp"), "new tokens");
        await File.WriteAllTextAsync(Path.Combine(_directory, StoreKey.For(Of("bob")) + ".record.tmp"), "new tokens");

        await CleanUpAsync();

        Assert.Equal([live, live + ".tmp"], Names());
    }

    private static TokenSessionKey Of(string user) => new("orders", user);

    private async Task WriteAsync(string user, TimeSpan? keepFor) =>
        await _store.CompareExchangeAsync(Of(user), "text", expectedRevision: null, keepFor, CancellationToken.None);

    private Task CleanUpAsync() => new FileCleanUp(_store, _directory, _time).RunAsync(CancellationToken.None);

    // The locks of the steps stay.
    private string[] Names() =>
        [.. Directory.GetFiles(_directory).Select(file => Path.GetFileName(file)).Where(name => !name.EndsWith(".lock", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
}

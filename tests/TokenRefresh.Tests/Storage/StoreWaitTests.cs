using Microsoft.Extensions.Time.Testing;

namespace TokenRefresh.Tests.Storage;

/// <summary>How the stores of one machine wait, and what they leave alone.</summary>
public sealed class StoreWaitTests : IAsyncDisposable
{
    private static readonly TokenSessionKey Key = new("orders");
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    private readonly string _directory = TestDirectory.Create();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public async ValueTask DisposeAsync() => await TestDirectory.DeleteAsync(_directory);

    [Theory]
    [InlineData("memory")]
    [InlineData("file")]
    public async Task Where_another_revision_is_stored_already_there_is_nothing_to_wait_for(string kind)
    {
        var store = Open(kind);
        await WaitAsync(store, "old");
        var first = await WriteAsync(store, "one", null);
        await WaitAsync(store, null);
        await WriteAsync(store, "two", first);
        await WaitAsync(store, first);
    }

    [Theory]
    [InlineData("memory")]
    [InlineData("file")]
    public async Task A_wait_lasts_until_its_timeout_and_not_longer(string kind)
    {
        var store = Open(kind);
        var revision = await WriteAsync(store, "one", null);

        var waiting = store.WaitForChangeAsync(Key, revision, Long, default).AsTask();
        Assert.False(waiting.IsCompleted);
        _time.Advance(Long);

        await waiting.WaitAsync(Gate.FailSafe, TimeProvider.System);
    }

    [Fact]
    public async Task In_memory_a_change_ends_all_waits_for_it_and_none_for_the_next()
    {
        var store = Open("memory");
        var one = await WriteAsync(store, "one", null);
        var first = store.WaitForChangeAsync(Key, one, Long, default).AsTask();
        var second = store.WaitForChangeAsync(Key, one, Long, default).AsTask();

        var two = await WriteAsync(store, "two", one);
        await Task.WhenAll(first, second).WaitAsync(Gate.FailSafe, TimeProvider.System);
        var next = store.WaitForChangeAsync(Key, two, Long, default).AsTask();

        Assert.False(next.IsCompleted);
        await WriteAsync(store, "three", two);
        await next.WaitAsync(Gate.FailSafe, TimeProvider.System);
    }

    [Fact]
    public async Task In_memory_a_refused_write_ends_no_wait()
    {
        var store = Open("memory");
        var revision = await WriteAsync(store, "one", null);
        var waiting = store.WaitForChangeAsync(Key, revision, Long, default).AsTask();

        await store.CompareExchangeAsync(Key, "late", "old", null, default);

        Assert.False(waiting.IsCompleted);
        await WriteAsync(store, "two", revision);
        await waiting;
    }

    [Fact]
    public async Task A_refused_write_writes_nothing()
    {
        var store = Open("file");
        var revision = await WriteAsync(store, "one", null);
        var file = Assert.Single(Directory.GetFiles(_directory, "*.record"));
        var longAgo = new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(file, longAgo);

        var stored = await store.CompareExchangeAsync(Key, "late", "old", null, default);

        Assert.Equal(revision, stored?.Revision);
        Assert.Equal(longAgo, File.GetLastWriteTimeUtc(file));
    }

    private ITokenStore Open(string kind) => kind == "memory" ? new MemoryTokenStore(_time) : new FileTokenStore(_directory, timeProvider: _time);

    private static Task WaitAsync(ITokenStore store, string? revision) =>
        store.WaitForChangeAsync(Key, revision, Long, default).AsTask().WaitAsync(Gate.FailSafe, TimeProvider.System);

    private static async Task<string> WriteAsync(ITokenStore store, string text, string? revision)
    {
        var stored = await store.CompareExchangeAsync(Key, text, revision, null, CancellationToken.None);
        Assert.Equal(text, stored?.Text);
        return stored!.Value.Revision;
    }
}

using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Storage;
using Xunit;

namespace TokenRefresh.Tests.Storage;

/// <summary>How the stores of one machine wait, and what they leave alone.</summary>
public sealed class StoreWaitTests : IDisposable
{
    private static readonly TokenSessionKey Key = new("orders");
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    private readonly string _directory = TestDirectory.Create();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("memory")]
    [InlineData("file")]
    public async Task Where_nobody_refreshes_this_version_there_is_nothing_to_wait_for(string kind)
    {
        var store = Open(kind);
        await WaitAsync(store, 1);
        await SignInAsync(store);
        await WaitAsync(store, 1);
        await ClaimAsync(store, 1);
        await WaitAsync(store, 2);
    }

    [Theory]
    [InlineData("memory")]
    [InlineData("file")]
    public async Task Whoever_waits_for_a_refresh_waits_until_the_time_is_over_and_not_beyond(string kind)
    {
        var store = Open(kind);
        await SignInAsync(store);
        await ClaimAsync(store, 1);

        var waiting = store.WaitForChangeAsync(Key, 1, Long, default).AsTask();
        Assert.False(waiting.IsCompleted);
        _time.Advance(Long);

        await waiting.WaitAsync(Gate.FailSafe, TimeProvider.System);
    }

    [Fact]
    public async Task In_memory_a_change_wakes_all_who_wait_and_nobody_who_waits_for_the_next()
    {
        var store = Open("memory");
        await SignInAsync(store);
        await ClaimAsync(store, 1);
        var first = store.WaitForChangeAsync(Key, 1, Long, default).AsTask();
        var second = store.WaitForChangeAsync(Key, 1, Long, default).AsTask();

        await store.CommitAsync(Key, "a", 1, new ProtectedTokens("two"), default);
        await Task.WhenAll(first, second).WaitAsync(Gate.FailSafe, TimeProvider.System);
        await ClaimAsync(store, 2);
        var next = store.WaitForChangeAsync(Key, 2, Long, default).AsTask();

        Assert.False(next.IsCompleted);
        await store.SignOutAsync(Key, 0, default);
        await next.WaitAsync(Gate.FailSafe, TimeProvider.System);
    }

    [Fact]
    public async Task In_memory_a_claim_that_must_wait_wakes_nobody()
    {
        var store = Open("memory");
        await SignInAsync(store);
        await ClaimAsync(store, 1);
        var waiting = store.WaitForChangeAsync(Key, 1, Long, default).AsTask();

        await ClaimAsync(store, 1, "other");

        Assert.False(waiting.IsCompleted);
        await store.SignOutAsync(Key, 0, default);
        await waiting;
    }

    [Fact]
    public async Task A_step_that_changes_nothing_writes_nothing()
    {
        var store = Open("file");
        await SignInAsync(store);
        await ClaimAsync(store, 1);
        var file = Assert.Single(Directory.GetFiles(_directory, "*.json"));
        var longAgo = new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(file, longAgo);

        var answer = await ClaimAsync(store, 1, "other");

        Assert.Equal(TokenStoreVerdict.Wait, answer.Verdict);
        Assert.Equal(longAgo, File.GetLastWriteTimeUtc(file));
    }

    [Fact]
    public async Task A_simple_store_is_written_once_a_change_and_keeps_the_dead_but_nothing_of_the_signed_out()
    {
        var store = new CountingStore(_time);
        await SignInAsync(store);
        await ClaimAsync(store, 1);
        Assert.Equal((TokenStoreVerdict.Wait, 2), ((await ClaimAsync(store, 1, "other")).Verdict, store.Writes));

        await store.FailAsync(Key, Claim(1), new ClaimFailure { Dead = ReLoginReason.Rejected }, default);
        Assert.Contains("\"end\"", store.Text, StringComparison.Ordinal);
        await store.SignOutAsync(Key, 0, default);

        Assert.Equal((null, 3), (store.Text, store.Writes));
        Assert.Equal(TokenStoreVerdict.Closed, (await store.ReadAsync(Key, default)).Verdict);
    }

    [Theory]
    [InlineData(10, 10)]
    [InlineData(1000, 50)]
    public async Task A_simple_store_looks_again_every_50_ms_or_when_the_time_is_over(int atMost, int expected)
    {
        var waiting = new CountingStore(_time).WaitForChangeAsync(Key, 1, TimeSpan.FromMilliseconds(atMost), default).AsTask();

        _time.Advance(TimeSpan.FromMilliseconds(expected - 1));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));

        await waiting.WaitAsync(Gate.FailSafe, TimeProvider.System);
    }

    private RecordTokenStore Open(string kind) => kind == "memory" ? new MemoryTokenStore(_time) : new FileTokenStore(_directory, _time);

    private static RefreshClaim Claim(long version, string owner = "first") => new("a", version, owner, Long);

    private static Task WaitAsync(RecordTokenStore store, long version) =>
        store.WaitForChangeAsync(Key, version, Long, default).AsTask().WaitAsync(Gate.FailSafe, TimeProvider.System);

    private static Task<TokenStoreAnswer> SignInAsync(RecordTokenStore store) => store.SignInAsync(Key, "a", 0, new ProtectedTokens("one"), default).AsTask();

    private static Task<TokenStoreAnswer> ClaimAsync(RecordTokenStore store, long version, string owner = "first") =>
        store.BeginAsync(Key, Claim(version, owner), default).AsTask();

    private sealed class CountingStore(TimeProvider time) : SingleProcessTokenStore(time)
    {
        public string? Text { get; private set; }

        public int Writes { get; private set; }

        protected override ValueTask<string?> ReadTextAsync(TokenSessionKey key, CancellationToken cancellationToken) => new(Text);

        protected override ValueTask WriteTextAsync(TokenSessionKey key, string text, CancellationToken cancellationToken)
        {
            (Text, Writes) = (text, Writes + 1);
            return default;
        }

        protected override ValueTask RemoveTextAsync(TokenSessionKey key, CancellationToken cancellationToken)
        {
            Text = null;
            return default;
        }
    }
}

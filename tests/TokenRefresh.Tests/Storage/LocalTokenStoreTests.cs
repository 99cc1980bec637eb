using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Storage;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Storage;

public sealed class LocalTokenStoreTests
{
    private static readonly TokenSessionKey Key = new("orders");

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public async Task A_follower_looks_again_after_fifty_milliseconds_or_sooner_where_a_lease_ends_sooner()
    {
        var store = new DictionaryTokenStore(_time);
        var shorter = store.WaitForChangeAsync(Key, "1", TimeSpan.FromMilliseconds(10), TestContext.Current.CancellationToken).AsTask();
        var longer = store.WaitForChangeAsync(Key, "1", TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken).AsTask();

        _time.Advance(TimeSpan.FromMilliseconds(9));
        Assert.False(shorter.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await shorter.WaitAsync(Gate.FailSafe, TimeProvider.System);
        _time.Advance(TimeSpan.FromMilliseconds(39));
        Assert.False(longer.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await longer.WaitAsync(Gate.FailSafe, TimeProvider.System);
    }

    [Fact]
    public async Task It_is_written_once_a_change_and_keeps_an_ended_login_but_nothing_of_a_sign_out()
    {
        var store = new CountingStore(_time);
        var process = new OtherProcess(store, Key);
        await process.SignInAsync(new TokenSet("access-1", "refresh-1"));
        using var held = (await process.AcquireAsync("first")).Lock;
        Assert.Equal((LoginStatus.Leased, 2), ((await process.AcquireAsync("other")).Status, store.Writes));

        await process.EndAsync("first");
        Assert.Contains("\"Ended\"", store.Text, StringComparison.Ordinal);
        await process.SignOutAsync();

        Assert.Equal((null, 3), (store.Text, store.Writes));
        Assert.Equal(LoginStatus.SignedOut, (await process.LoadAsync()).Status);
    }

    [Fact]
    public async Task An_empty_text_counts_as_none()
    {
        var process = new OtherProcess(new CountingStore(_time, none: ""), Key);

        Assert.Equal(LoginStatus.NotFound, (await process.LoadAsync()).Status);
        await process.SignInAsync(new TokenSet("access-1", "refresh-1"));
        await process.SignOutAsync();

        Assert.Equal(LoginStatus.SignedOut, (await process.LoadAsync()).Status);
    }

    [Fact]
    public async Task Sign_outs_are_forgotten_when_they_are_old_and_many()
    {
        var store = new DictionaryTokenStore(_time);
        var early = await SignOutOnceAsync(store, "early");
        _time.Advance(LoginRules.MarkLifetime);
        for (var user = 0; user < 64; user++)
        {
            await SignOutOnceAsync(store, $"{user}");
        }

        Assert.Equal(LoginStatus.NotFound, (await early.LoadAsync()).Status);
        Assert.Equal(LoginStatus.SignedOut, (await new OtherProcess(store, Key with { UserKey = "0" }).LoadAsync()).Status);
    }

    private static async Task<OtherProcess> SignOutOnceAsync(ITokenStore store, string user)
    {
        var process = new OtherProcess(store, Key with { UserKey = user });
        await process.SignInAsync(new TokenSet("access-1", "refresh-1"));
        await process.SignOutAsync();
        return process;
    }

    private sealed class CountingStore(TimeProvider time, string? none = null) : LocalTokenStore(time)
    {
        public string? Text { get; private set; }

        public int Writes { get; private set; }

        protected override ValueTask<string?> ReadTextAsync(TokenSessionKey key, CancellationToken cancellationToken) => new(Text ?? none);

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

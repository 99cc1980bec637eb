using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>Client credentials over a store that fails in the middle. A client uses nothing up, so it doesn't depend on the store.</summary>
[Trait("Case", "B90")]
public sealed class ClientTokenOutageTests
{
    private readonly MemoryTokenStore _records = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_waits_for_another_process_requests_its_token_when_the_store_goes_away(bool isRefresh)
    {
        var store = new FailingStore(_records);
        await using var leader = Create(_records);
        await using var follower = Create(store);
        await HoldExpiredTokenAsync(isRefresh ? [leader, follower] : []);

        var (gate, leading) = await LeadAsync(leader);
        store.FailsAtWaits = true;
        var following = follower.Session.GetAccessTokenAsync();

        Assert.Equal("own-1", await following.WaitAsync(Gate.FailSafe, TimeProvider.System));
        Assert.Equal(1, follower.Tokens.Calls);
        gate.Open();
        Assert.NotNull(await leading.WaitAsync(Gate.FailSafe, TimeProvider.System));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_waits_for_a_process_that_was_killed_requests_its_token_after_a_third_of_the_timeout(bool isRefresh)
    {
        // By the clock of the store, which stands still, the lease never ends.
        var records = new MemoryTokenStore(new FakeTimeProvider());
        var store = new FailingStore(records);
        await using var killed = Create(records);
        await using var follower = Create(store);
        await HoldExpiredTokenAsync(isRefresh ? [killed, follower] : []);

        // A process that never finishes looks like one that was killed.
        var (gate, leading) = await LeadAsync(killed);
        var following = follower.Session.GetAccessTokenAsync();
        await store.Waits.ArrivedAsync(1);
        for (var second = 0; second < 10; second++)
        {
            Assert.Equal(0, follower.Tokens.Calls);
            follower.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal("own-1", await following.WaitAsync(Gate.FailSafe, TimeProvider.System));
        Assert.Equal(1, follower.Tokens.Calls);
        gate.Open();
        Assert.NotNull(await leading.WaitAsync(Gate.FailSafe, TimeProvider.System));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_waits_no_longer_if_the_waits_of_the_store_end_early(bool isRefresh)
    {
        var records = new MemoryTokenStore(new FakeTimeProvider());
        var store = new EarlyStore(records);
        await using var killed = Create(records);
        await using var follower = Create(store);
        await HoldExpiredTokenAsync(isRefresh ? [killed, follower] : []);
        var (gate, leading) = await LeadAsync(killed);

        var following = follower.Session.GetAccessTokenAsync();
        for (var second = 1; second <= 10; second++)
        {
            await store.Waits.ArrivedAsync(2 * second);
            Assert.Equal(0, follower.Tokens.Calls);
            follower.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal("own-1", await following.WaitAsync(Gate.FailSafe, TimeProvider.System));
        gate.Open();
        Assert.NotNull(await leading.WaitAsync(Gate.FailSafe, TimeProvider.System));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task During_a_cool_down_a_client_looks_into_the_store_and_requests_nothing(bool isAway)
    {
        var store = new FailingStore(_records) { IsAway = isAway };
        await using var app = Create(store);
        app.Tokens.RespondAlways(HttpStatusCode.Unauthorized, """{"error":"invalid_client"}""");
        for (var second = 0; second < 30; second += 2)
        {
            await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.GetAccessTokenAsync());
            app.Time.Advance(TimeSpan.FromSeconds(2));
        }

        Assert.Equal(1, app.Tokens.Calls);

        // Another process has got one in the meantime.
        store.IsAway = false;
        await using var other = Create(_records);
        var token = await other.Session.GetAccessTokenAsync();
        Assert.Equal(token, await app.Session.GetAccessTokenAsync());
        Assert.Equal(1, app.Tokens.Calls);
    }

    [Fact]
    public async Task A_client_whose_sign_out_fails_requests_another_token_all_the_same()
    {
        var store = new FailingStore(_records);
        await using var app = Create(store);
        Assert.Equal("own-1", await app.Session.GetAccessTokenAsync());
        store.IsAway = true;
        await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.SignOutAsync());

        Assert.Equal("own-2", await app.Session.GetAccessTokenAsync());
    }

    [Fact]
    public async Task A_client_whose_waits_fail_requests_a_token_of_its_own()
    {
        using var log = new CapturingLoggerProvider();
        await using var leader = Create(_records);
        await using var follower = Create(new FailingStore(_records) { WaitsFail = true }, log);
        var (gate, leading) = await LeadAsync(leader);

        var following = follower.Session.GetAccessTokenAsync();

        Assert.Equal("own-1", await following.WaitAsync(Gate.FailSafe, TimeProvider.System));
        Assert.Equal(["StoreFailed"], WarningsOf(log));
        gate.Open();
        Assert.NotNull(await leading.WaitAsync(Gate.FailSafe, TimeProvider.System));
    }

    [Theory]
    [InlineData(StoreWriteKind.Acquire, false)]
    [InlineData(StoreWriteKind.SignIn, false)]
    [InlineData(StoreWriteKind.Acquire, true)]
    [InlineData(StoreWriteKind.Save, true)]
    public async Task A_write_that_fails_leaves_one_line_and_neither_this_token_nor_the_next_waits_for_it(StoreWriteKind refused, bool isRefresh)
    {
        using var log = new CapturingLoggerProvider();
        var store = new FailingStore(_records);
        await using var app = Create(store, log);
        await HoldExpiredTokenAsync(isRefresh ? [app] : []);
        store.Refused = refused;

        var token = await app.Session.GetAccessTokenAsync();

        Assert.Equal(isRefresh ? "own-2" : "own-1", token);
        Assert.Equal(["StoreFailed"], WarningsOf(log));
        store.Refused = null;
        await app.Session.RefreshAsync();
        Assert.Equal(isRefresh ? "own-3" : "own-2", await app.Session.GetAccessTokenAsync());
    }

    private static string?[] WarningsOf(CapturingLoggerProvider log) => [.. log.Messages
        .Where(message => message.Level >= LogLevel.Warning && message.Category.StartsWith("TokenRefresh", StringComparison.Ordinal))
        .Select(message => message.EventName)];

    /// <summary>Lets a process begin its token call, which lasts until the gate is opened.</summary>
    private static async Task<(Gate Gate, Task<string?> Leading)> LeadAsync(TestApp app)
    {
        var gate = app.Tokens.Hold();
        var leading = app.Session.GetAccessTokenAsync();
        await gate.ArrivedAsync(1);
        return (gate, leading);
    }

    private static async Task HoldExpiredTokenAsync(TestApp[] apps)
    {
        foreach (var app in apps)
        {
            await app.Session.GetAccessTokenAsync();
        }

        foreach (var app in apps)
        {
            app.Time.Advance(TimeSpan.FromMinutes(10));
        }
    }

    private static TestApp Create(ITokenStore store, CapturingLoggerProvider? log = null)
    {
        var number = 0;
        var app = TestApp.Over(
            store,
            options =>
            {
                options.GrantType = TokenGrantType.ClientCredentials;
                options.ClientSecret = "secret";
            },
            services => log?.Add(services));
        app.Tokens.RespondAlways((_, _) => Task.FromResult<HttpResponseMessage?>(new HttpResponseMessage(HttpStatusCode.OK)
        {
            Content = new StringContent(
                $$"""{"access_token":"own-{{++number}}","token_type":"Bearer","expires_in":300}""", Encoding.UTF8, "application/json"),
        }));
        return app;
    }

    /// <summary>A store whose waits end at once, as a store that polls may end them.</summary>
    private sealed class EarlyStore(ITokenStore records) : StoreAround(records)
    {
        public Gate Waits { get; } = new();

        public override ValueTask WaitForChangeAsync(
            TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _ = Waits.PassAsync(CancellationToken.None);
            return default;
        }
    }
}

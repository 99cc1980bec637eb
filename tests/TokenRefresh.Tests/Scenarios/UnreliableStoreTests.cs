using System.Net;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Storage;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>A store that loses records, fails, returns nonsense or calls back: no login is lost, and no caller hangs.</summary>
public sealed class UnreliableStoreTests
{
    [Fact]
    public async Task A_store_that_has_lost_its_records_gets_the_login_back_and_it_is_refreshed()
    {
        var store = new ForgetfulStore();
        WatchedTime? time = null;
        await using var app = TestApp.Over(store, services: services => time = WatchedTime.In(services));
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        store.Forget();

        // Another process has a second to write back something newer.
        var request = app.GetAsync();
        await time!.PassAsync(TimeSpan.FromSeconds(1));
        using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
        Assert.Equal("refresh-2", await store.RefreshTokenAsync());
    }

    [Fact]
    [Trait("Case", "C34")]
    public async Task What_another_process_put_back_into_a_store_that_had_lost_it_is_taken_without_a_refresh()
    {
        var store = new ForgetfulStore();
        await using var app = TestApp.Over(store);
        var tokens = await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var first = await store.LoadAsync();
        store.Forget();
        store.BeforeWriteBack = async () =>
        {
            // Between the answer that nothing is there and our writing it back.
            await store.Other().SignInAsync(tokens, first.LoginId, first.Version);
            await store.RotateElsewhereAsync(app.Tokens.RefreshFromAnotherClient("refresh-1"));
        };

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(0, app.Tokens.Calls);
        Assert.Equal(["access-1", "access-2"], app.Api.Received.Select(request => request.Token));
        Assert.Equal("refresh-2", await store.RefreshTokenAsync());
    }

    [Fact]
    [Trait("Case", "C33")]
    public async Task A_refusal_that_comes_after_the_claim_has_passed_to_another_process_is_no_end_of_the_login()
    {
        var storesClock = new FakeTimeProvider(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var store = new FollowedStore(new MemoryTokenStore(storesClock));
        await using var app = TestApp.Over(store);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        TokenSet? rotated = null;
        app.Tokens.RespondOnce(async (_, _) =>
        {
            // This process slept for longer than its lease. Another one has claimed the refresh and got its tokens, but not saved them yet.
            storesClock.Advance(TimeSpan.FromMinutes(1));
            Assert.Equal(LoginStatus.Succeeded, (await store.Other().AcquireAsync()).Status);
            rotated = app.Tokens.RefreshFromAnotherClient("refresh-1");
            return new HttpResponseMessage(HttpStatusCode.BadRequest) { Content = new StringContent("""{"error":"invalid_grant"}""") };
        });

        var request = app.GetAsync();
        await store.Follows.ArrivedAsync(1);
        await store.RotateElsewhereAsync(rotated!);
        using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
        Assert.Equal(["access-1", "access-2"], app.Api.Received.Select(received => received.Token));
        Assert.Empty(app.ReLogins);
        Assert.Single(app.Refreshes);
    }

    [Fact]
    public async Task A_login_without_a_refresh_token_does_not_end_after_its_lease_has_passed_to_another_process()
    {
        var storesClock = new FakeTimeProvider(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var store = new FollowedStore(new MemoryTokenStore(storesClock));
        await using var app = TestApp.Over(store);
        await app.Session.SignInAsync(new TokenSet("rejected"));
        store.AfterAcquire = async () =>
        {
            // This process slept for longer than its lease.
            storesClock.Advance(TimeSpan.FromMinutes(1));
            Assert.Equal(LoginStatus.Succeeded, (await store.Other().AcquireAsync()).Status);
        };

        var request = app.GetAsync();
        await store.Follows.ArrivedAsync(1);
        await store.Other().EndAsync(reason: ReLoginReason.NoRefreshToken);
        using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(TokenSessionState.ReLoginRequired, app.Session.State);
        Assert.Equal(ReLoginReason.NoRefreshToken, Assert.Single(app.ReLogins).Reason);
    }

    [Fact]
    public async Task A_store_that_answers_nothing_at_all_fails_the_flight_and_leaves_none_waiting()
    {
        using var log = new CapturingLoggerProvider();
        var store = new SilentStore();
        await using var app = TestApp.Over(store, services: log.Add);
        await app.SignInAsync();
        var requests = await app.SendAtOnceAsync(10);
        app.Tokens.ExpireAccessTokens();
        store.IsSilent = true;

        app.Api.Release();
        foreach (var request in requests)
        {
            var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => request.WaitAsync(Gate.FailSafe, TimeProvider.System));
            Assert.Equal(TokenRefreshFailure.Transient, failure.Failure);
        }

        Assert.Single(log.Messages, message => message.EventName == "StoreFailed");
        Assert.Equal(0, app.Tokens.Calls);

        store.IsSilent = false;
        app.Time.Advance(TimeSpan.FromSeconds(2));
        using var next = await app.GetAsync();
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    public async Task A_claim_that_cant_be_given_back_doesnt_hide_why_the_refresh_failed()
    {
        await using var app = TestApp.Over(new KeepingStore());
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        app.Tokens.RespondAlways(HttpStatusCode.BadRequest, """{"error":"invalid_client"}""");

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());

        Assert.Equal((TokenRefreshFailure.Configuration, "invalid_client"), (failure.Failure, failure.Error));
        Assert.Equal(1, app.Tokens.Calls);
    }

    [Theory]
    [InlineData("no login of this format", "BD473E5DCDCE2510")]
    [InlineData("00000000000000ab", "no hash of these tokens")]
    [Trait("Case", "S10")]
    public async Task A_record_whose_login_or_hash_isnt_that_of_its_tokens_is_a_configuration_failure_that_a_sign_in_ends(string login, string hash)
    {
        var store = new MemoryTokenStore();
        var text =
            $$"""{"tokenrefresh":2,"state":"SignedIn","login":"{{login}}","version":5,"hash":"{{hash}}","tokens":"{\"v\":1,\"access\":\"access-1\",\"refresh\":\"refresh-1\"}","possiblyUsed":true}""";
        await store.CompareExchangeAsync(SavedTokens.Key, text, null, null, default);
        await using var app = TestApp.Over(store);
        app.Tokens.Issue();
        Assert.Equal("access-1", await app.Session.GetAccessTokenAsync(TestContext.Current.CancellationToken));

        var refresh = app.Session.RefreshAsync(TestContext.Current.CancellationToken);
        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => refresh.WaitAsync(Gate.FailSafe, TimeProvider.System));

        Assert.Equal((TokenRefreshFailure.Configuration, 0), (failure.Failure, app.Tokens.Calls));
        Assert.Contains("The saved tokens can't be read (", failure.Message, StringComparison.Ordinal);
        await app.SignInAsync();
        await app.Session.RefreshAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["refresh-2"], app.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    [Trait("Case", "C14")]
    public async Task A_store_that_calls_the_client_it_serves_gets_an_exception_that_says_so()
    {
        TestApp? app = null;
        await using var running = app = TestApp.Over(new CallingStore(() => app!.GetAsync()));
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync().WaitAsync(Gate.FailSafe, TimeProvider.System));

        Assert.Equal(TokenRefreshFailure.Configuration, failure.Failure);
        Assert.Contains("waits for itself", failure.Message, StringComparison.Ordinal);
        Assert.Equal((1, 0), (app.Api.Calls, app.Tokens.Calls));
    }

#if !NETSTANDARD_BUILD // That build doesn't know the type, which newer platforms have.
    [Fact]
    [Trait("Case", "C42")]
    public async Task What_a_store_quotes_of_an_answer_it_couldnt_read_is_not_handed_on()
    {
        await using var app = TestApp.Over(new KeepingStore { AcquireThrows = new HttpIOException(HttpRequestError.InvalidResponse, "Invalid header line: kanarie") });
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());

        Assert.Equal(TokenRefreshFailure.Transient, failure.Failure);
        Assert.DoesNotContain("kanarie", failure.ToString(), StringComparison.Ordinal);
    }
#endif

    [Fact]
    public async Task A_session_that_is_signed_out_stays_so_while_its_store_is_away()
    {
        var store = new FailingStore();
        await using var app = TestApp.Over(store);
        await app.SignInAsync();
        await app.Session.SignOutAsync();
        app.Time.Advance(TimeSpan.FromSeconds(2));
        store.IsAway = true;

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Null(Assert.Single(app.Api.Received).Authorization);
    }

    [Fact]
    [Trait("Case", "C2")]
    public async Task A_dead_login_is_still_answered_locally_while_its_store_is_away()
    {
        var store = new FailingStore();
        await using var app = TestApp.Over(store);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        app.Tokens.RevokeRefreshTokens();
        using var refused = await app.GetAsync();
        app.Time.Advance(TimeSpan.FromSeconds(2));
        store.IsAway = true;

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal((1, 1), (app.Api.Calls, app.Tokens.Calls));
        Assert.Single(app.ReLogins);
    }

    /// <summary>A store that can lose all it holds.</summary>
    private sealed class ForgetfulStore : StoreAround
    {
        private MemoryTokenStore _records = new();

        public Func<Task>? BeforeWriteBack { get; set; }

        protected override ITokenStore Inner => _records;

        public void Forget() => _records = new MemoryTokenStore();

        protected override async ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken)
        {
            if (write is { Kind: StoreWriteKind.WriteBack, ExpectedRevision: null } && BeforeWriteBack is { } act)
            {
                BeforeWriteBack = null;
                await act();
            }

            return await base.WriteAsync(write, cancellationToken);
        }
    }

    /// <summary>A store that shows who waits for another process's refresh.</summary>
    private sealed class FollowedStore(ITokenStore inner) : StoreAround(inner)
    {
        public Gate Follows { get; } = new();

        public Func<Task>? AfterAcquire { get; set; }

        protected override async ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken)
        {
            var stored = await base.WriteAsync(write, cancellationToken);
            if (write.Kind == StoreWriteKind.Acquire && AfterAcquire is { } after)
            {
                AfterAcquire = null;
                await after();
            }

            return stored;
        }

        public override ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken)
        {
            var waiting = base.WaitForChangeAsync(key, revision, timeout, cancellationToken);
            _ = Follows.PassAsync(CancellationToken.None);
            return waiting;
        }
    }

    /// <summary>A custom store that returns nothing.</summary>
    private sealed class SilentStore : StoreAround
    {
        public bool IsSilent { get; set; }

        protected override ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken) =>
            IsSilent ? default : base.WriteAsync(write, cancellationToken);
    }

    /// <summary>A store that doesn't take a lease back.</summary>
    private sealed class KeepingStore : StoreAround
    {
        public Exception? AcquireThrows { get; set; }

        protected override ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken) => write.Kind switch
        {
            StoreWriteKind.Acquire when AcquireThrows is { } exception => throw exception,
            StoreWriteKind.Release or StoreWriteKind.End => throw new IOException("The network drive is gone."),
            _ => base.WriteAsync(write, cancellationToken),
        };
    }

    /// <summary>A store behind a service that the guarded client calls.</summary>
    private sealed class CallingStore(Func<Task<HttpResponseMessage>> call) : StoreAround
    {
        protected override async ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken)
        {
            if (write.Kind == StoreWriteKind.Acquire)
            {
                using var response = await call();
            }

            return await base.WriteAsync(write, cancellationToken);
        }
    }
}

using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Storage;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>Another process has written to the store: which tokens a flight takes, and which events the app gets.</summary>
public sealed class StoreConflictTests : IDisposable
{
    private readonly CapturingLoggerProvider _log = new();

    [Fact]
    [Trait("Case", "C34")]
    public async Task Tokens_that_another_process_saved_before_our_response_are_taken_in_one_flight_with_one_event()
    {
        var store = new InterruptedStore();
        await using var app = await SignedInAsync(store);
        store.BeforeSave = () => store.RotateElsewhereAsync(new TokenSet("other-access", "other-refresh"));
        Take(app, "other-access");

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("other-refresh", await store.RefreshTokenAsync());
        await Eventually.UntilAsync(() => app.Refreshes.Count == 1);
        Assert.Equal(["SignedIn", "RefreshStarted", "NewerTokensLoaded"], LoggedEvents());
    }

    [Fact]
    [Trait("Case", "C37")]
    public async Task Another_processs_sign_in_during_the_refresh_is_no_refresh_and_no_token_for_the_held_request()
    {
        var store = new InterruptedStore();
        await using var app = await SignedInAsync(store);
        store.BeforeSave = () => SignInElsewhereAsync(store, new TokenSet("other-access", "other-refresh"));
        Take(app, "other-access");

        using var held = await app.GetAsync();
        using var next = await app.GetAsync();

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (held.StatusCode, next.StatusCode));
        Assert.Empty(app.Refreshes);
        Assert.Equal(["SignedIn", "RefreshStarted"], LoggedEvents());
    }

    [Fact]
    [Trait("Case", "C33")]
    public async Task A_rotation_that_made_our_token_invalid_raises_the_event_for_new_tokens()
    {
        var store = new InterruptedStore();
        await using var app = await SignedInAsync(store);
        app.Tokens.RespondOnce(async (_, _) =>
        {
            await store.RotateElsewhereAsync(new TokenSet("other-access", "other-refresh"));
            return Refusal();
        });
        Take(app, "other-access");

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await Eventually.UntilAsync(() => app.Refreshes.Count == 1);
        Assert.Equal(["SignedIn", "RefreshStarted", "NewerTokensLoaded"], LoggedEvents());
    }

    [Fact]
    [Trait("Case", "C33")]
    public async Task A_rejection_that_couldnt_be_saved_stands_and_the_dead_token_isnt_sent_again()
    {
        var storesClock = new FakeTimeProvider();
        var store = new InterruptedStore(storesClock);
        await using var app = await SignedInAsync(store);
        app.Tokens.RevokeRefreshTokens();
        store.EndsAreLost = true;
        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());
        Assert.Equal(TokenRefreshFailure.Transient, failure.Failure);

        // Until then the lease lasts: the store doesn't know that no process uses it.
        store.EndsAreLost = false;
        app.Time.Advance(TimeSpan.FromMinutes(1));
        storesClock.Advance(TimeSpan.FromMinutes(1));
        var request = app.GetAsync();

        // After the outage, other processes have three seconds to save what they couldn't.
        while (!request.IsCompleted)
        {
            app.Time.Advance(TimeSpan.FromMilliseconds(500));
            storesClock.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }

        using var next = await request;

        Assert.Equal(HttpStatusCode.Unauthorized, next.StatusCode);
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
        await Eventually.UntilAsync(() => !app.ReLogins.IsEmpty);
        Assert.Equal(ReLoginReason.Rejected, Assert.Single(app.ReLogins).Reason);
    }

    [Fact]
    [Trait("Case", "C33")]
    public async Task A_refusal_after_another_process_broke_off_its_refresh_is_a_lost_rotation()
    {
        var storesClock = new FakeTimeProvider(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var store = new MemoryTokenStore(storesClock);
        await using var app = await SignedInAsync(store);
        Assert.Equal(LoginStatus.Succeeded, (await store.Other().AcquireAsync()).Status);
        storesClock.Advance(TimeSpan.FromMinutes(2));
        app.Tokens.RevokeRefreshTokens();

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        await Eventually.UntilAsync(() => !app.ReLogins.IsEmpty);
        Assert.Equal(ReLoginReason.LostRotation, Assert.Single(app.ReLogins).Reason);
    }

    [Fact]
    [Trait("Case", "C34")]
    public async Task The_same_tokens_under_another_version_are_no_news_and_are_refreshed_in_the_same_flight()
    {
        var store = new MemoryTokenStore();
        await using var app = await SignedInAsync(store);
        await store.RotateElsewhereAsync((await store.TokensAsync())!);

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
        Assert.Equal(["access-1", "access-2"], app.Api.Received.Select(request => request.Token));
        Assert.Equal(1, LoggedEvents().Count(name => name == "RefreshStarted"));
    }

    [Fact]
    [Trait("Case", "C34")]
    public async Task A_login_that_was_put_back_is_no_news()
    {
        var store = new InterruptedStore();
        WatchedTime? time = null;
        await using var app = await SignedInAsync(store, services => time = WatchedTime.In(services));
        store.Forget();

        var request = app.GetAsync();
        await time!.PassAsync(TimeSpan.FromSeconds(1));
        using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await Eventually.UntilAsync(() => app.Refreshes.Count == 1);
        Assert.Equal(["SignedIn", "RefreshStarted", "Refreshed"], LoggedEvents());
    }

    [Fact]
    [Trait("Case", "C37")]
    public async Task A_sign_out_between_the_save_and_its_publication_leaves_nothing_to_tell()
    {
        var store = new InterruptedStore();
        await using var app = await SignedInAsync(store);
        var signedOut = new Gate();
        store.AfterSave = async () =>
        {
            await app.Session.SignOutAsync();
            _ = signedOut.PassAsync(CancellationToken.None);
        };

        using var response = await app.GetAsync();

        // The request gets its result at the sign-out's first step. The flight continues to its end, and the end of the app waits for it.
        await signedOut.ArrivedAsync(1);
        await app.Services.DisposeAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Empty(app.Refreshes);
        Assert.DoesNotContain("Refreshed", LoggedEvents());
        Assert.Null(await store.RefreshTokenAsync());
    }

    [Fact]
    [Trait("Case", "C37")]
    public async Task The_sign_in_that_the_store_took_last_wins_in_every_order_of_notifications()
    {
        var store = new InterruptedStore();
        await using var app = await SignedInAsync(store);
        store.AfterSignIn = () => app.Session.SignInAsync(new TokenSet("access-b", "refresh-b"));

        await app.Session.SignInAsync(new TokenSet("access-a", "refresh-a"));

        Assert.Equal("refresh-b", await store.RefreshTokenAsync());
        Assert.Equal("access-b", await app.Session.GetAccessTokenAsync());
    }

    [Fact]
    public async Task A_login_that_another_process_has_renewed_is_found_and_is_no_refresh()
    {
        var store = new InterruptedStore();
        await using var app = await SignedInAsync(store);
        app.Tokens.RevokeRefreshTokens();
        using var dead = await app.GetAsync();
        await store.RotateElsewhereAsync(new TokenSet("other-access", "other-refresh"));
        Take(app, "other-access");

        app.Time.Advance(TimeSpan.FromSeconds(1));
        using var next = await app.GetAsync();

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (dead.StatusCode, next.StatusCode));
        Assert.Empty(app.Refreshes);
    }

    [Fact]
    public async Task A_lease_outlives_the_refresh_by_a_margin()
    {
        var store = new InterruptedStore();
        await using var app = await SignedInAsync(store);

        using var response = await app.GetAsync();

        Assert.Equal(TimeSpan.FromSeconds(35), store.Lease?.Duration);
    }

    [Fact]
    [Trait("Case", "C20")]
    public async Task A_sign_in_that_is_cancelled_while_the_store_is_silent_throws_the_cancellation()
    {
        var store = new InterruptedStore();
        await using var app = TestApp.Over(store);
        store.SignInSilence = new Gate();
        using var cancelled = new CancellationTokenSource();
        var signingIn = app.Session.SignInAsync(new TokenSet("access-1", "refresh-1"), cancelled.Token);
        await store.SignInSilence.ArrivedAsync(1);

        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => signingIn.WaitAsync(Gate.FailSafe, TimeProvider.System));
        store.SignInSilence.Open();
    }

    [Fact]
    public async Task A_token_lives_from_its_receipt_however_long_its_saving_takes()
    {
        var store = new InterruptedStore();
        await using var app = await SignedInAsync(store);
        app.Tokens.RespondOnce(HttpStatusCode.OK, """{"access_token":"access-2","refresh_token":"refresh-2","expires_in":100}""");
        app.Tokens.RespondOnce(HttpStatusCode.OK, """{"access_token":"access-3","refresh_token":"refresh-3"}""");
        app.Api.Answer(request => new HttpResponseMessage(request.Token == "access-1" ? HttpStatusCode.Unauthorized : HttpStatusCode.OK));
        store.BeforeSave = () =>
        {
            app.Time.Advance(TimeSpan.FromSeconds(4));
            return Task.CompletedTask;
        };
        using var first = await app.GetAsync();

        // 95 s after its receipt it is no longer sent.
        app.Time.Advance(TimeSpan.FromSeconds(91));
        using var second = await app.GetAsync();

        Assert.Equal(["access-1", "access-2", "access-3"], app.Api.Received.Select(request => request.Token));
    }

    [Fact]
    [Trait("Case", "C15")]
    public async Task A_caller_that_gets_only_stale_new_tokens_continues_after_the_third()
    {
        var store = new InterruptedStore();
        await using var app = await SignedInAsync(store);
        var number = 1;
        app.Tokens.RespondAlways((_, _) => Task.FromResult<HttpResponseMessage?>(new HttpResponseMessage(HttpStatusCode.OK)
        {
            Content = new StringContent($$"""{"access_token":"short-{{++number}}","refresh_token":"next-{{number}}","expires_in":1}"""),
        }));
        store.BeforeEverySave = () => app.Time.Advance(TimeSpan.FromSeconds(2));

        var token = await app.Session.GetAccessTokenAsync("access-1");
        app.Time.Advance(TimeSpan.FromSeconds(2));
        var asked = app.Tokens.Calls;
        var next = await app.Session.GetAccessTokenAsync();

        Assert.Equal((3, "short-4"), (asked, token));
        Assert.Equal((3, "short-7"), (app.Tokens.Calls - asked, next));
    }

    [Theory]
    [InlineData("temporarily_unavailable", "RefreshFailed")]
    [InlineData("invalid_client", "RefreshMisconfigured")]
    public async Task The_log_tells_what_can_be_mended_from_what_passes(string error, string eventName)
    {
        await using var app = await SignedInAsync(new MemoryTokenStore());
        app.Tokens.RespondAlways((_, _) => Task.FromResult<HttpResponseMessage?>(new HttpResponseMessage(HttpStatusCode.BadRequest)
        {
            Content = new StringContent($$"""{"error":"{{error}}"}"""),
            Headers = { RetryAfter = new System.Net.Http.Headers.RetryConditionHeaderValue(TimeSpan.FromSeconds(5)) },
        }));

        await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());

        Assert.Equal(["SignedIn", "RefreshStarted", eventName], LoggedEvents());
    }

    [Fact]
    [Trait("Case", "C21")]
    public async Task A_store_that_is_silent_until_the_deadline_is_named_as_the_cause()
    {
        var store = new InterruptedStore { Silence = new Gate() };
        await using var app = await SignedInAsync(store);
        var request = app.GetAsync();
        await store.Silence.ArrivedAsync(1);

        app.Time.Advance(TimeSpan.FromSeconds(30));
        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => request);
        store.Silence.Open();

        Assert.Contains("within RefreshTimeout, 30 s", failure.Message, StringComparison.Ordinal);
        Assert.Equal(0, app.Tokens.Calls);
    }

    public void Dispose() => _log.Dispose();

    /// <summary>An app whose first access token the API refuses.</summary>
    private async Task<TestApp> SignedInAsync(ITokenStore store, Action<IServiceCollection>? services = null)
    {
        var app = TestApp.Over(store, services: collection =>
        {
            _log.Add(collection);
            services?.Invoke(collection);
        });
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        return app;
    }

    private static void Take(TestApp app, string token) =>
        app.Api.Answer(request => new HttpResponseMessage(request.Token == token ? HttpStatusCode.OK : HttpStatusCode.Unauthorized));

    private static HttpResponseMessage Refusal() => new(HttpStatusCode.BadRequest) { Content = new StringContent("""{"error":"invalid_grant"}""") };

    private static async Task SignInElsewhereAsync(ITokenStore store, TokenSet tokens) => await store.Other().SignInAsync(tokens);

    private string[] LoggedEvents() => [.. _log.Messages.Where(message => message.Category.StartsWith("TokenRefresh", StringComparison.Ordinal)).Select(message => message.EventName ?? "")];

    /// <summary>A store that another process writes to at a critical time, that loses records, or doesn't answer.</summary>
    private sealed class InterruptedStore(TimeProvider? clock = null) : StoreAround
    {
        private MemoryTokenStore _records = new(clock);

        public Func<Task>? BeforeSave { get; set; }

        public Action? BeforeEverySave { get; set; }

        public Func<Task>? AfterSave { get; set; }

        public Func<Task>? AfterSignIn { get; set; }

        public Gate? SignInSilence { get; set; }

        public RefreshLease? Lease { get; private set; }

        public bool EndsAreLost { get; set; }

        public Gate? Silence { get; set; }

        protected override ITokenStore Inner => _records;

        public void Forget() => _records = new MemoryTokenStore();

        protected override async ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken)
        {
            await InterruptAsync(write);
            var stored = await base.WriteAsync(write, cancellationToken);
            if (stored?.Text == write.Text)
            {
                await (write.Kind switch
                {
                    StoreWriteKind.Save => OnceAsync(AfterSave, () => AfterSave = null),
                    StoreWriteKind.SignIn => OnceAsync(AfterSignIn, () => AfterSignIn = null),
                    _ => Task.CompletedTask,
                });
            }

            return stored;
        }

        private async Task InterruptAsync(StoreWrite write)
        {
            switch (write.Kind)
            {
                case StoreWriteKind.Acquire:
                    Lease = LoginRecordText.Read(write.Text).Lease;
                    await (Silence?.PassAsync(CancellationToken.None) ?? Task.CompletedTask);
                    break;

                case StoreWriteKind.Save:
                    BeforeEverySave?.Invoke();
                    await OnceAsync(BeforeSave, () => BeforeSave = null);
                    break;

                case StoreWriteKind.SignIn:
                    await (SignInSilence?.PassAsync(CancellationToken.None) ?? Task.CompletedTask);
                    break;

                case StoreWriteKind.End when EndsAreLost:
                    throw new IOException("The network drive is gone.");
            }
        }

        private static Task OnceAsync(Func<Task>? act, Action forget)
        {
            forget();
            return act?.Invoke() ?? Task.CompletedTask;
        }
    }
}

using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;
using Xunit;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>The store has the last word: what a flight makes of it, how often it asks, and what the app hears of it.</summary>
public sealed class LastWordCases : IDisposable
{
    private readonly CapturingLoggerProvider _log = new();

    [Fact]
    [Trait("Case", "C34")]
    public async Task What_another_process_saved_before_our_answer_is_taken_in_one_flight_and_told_once()
    {
        var store = new InterruptedStore();
        await using var app = await SignedInAsync(store);
        store.BeforeCommit = () => store.RotateElsewhereAsync(new TokenSet("other-access", "other-refresh"));
        Take(app, "other-access");

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("other-refresh", await store.RefreshTokenAsync());
        Assert.Single(app.Refreshes);
        Assert.Equal(["SignedIn", "FlightBegun", "Adopted"], Told());
    }

    [Fact]
    [Trait("Case", "C37")]
    public async Task Another_processs_sign_in_during_the_refresh_is_no_refresh_and_no_token_for_the_held_request()
    {
        var store = new InterruptedStore();
        await using var app = await SignedInAsync(store);
        store.BeforeCommit = () => SignInElsewhereAsync(store, new TokenSet("other-access", "other-refresh"));
        Take(app, "other-access");

        using var held = await app.GetAsync();
        using var next = await app.GetAsync();

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (held.StatusCode, next.StatusCode));
        Assert.Empty(app.Refreshes);
        Assert.Equal(["SignedIn", "FlightBegun"], Told());
    }

    [Fact]
    [Trait("Case", "C33")]
    public async Task A_rotation_that_made_our_token_invalid_is_told_as_new_tokens()
    {
        var store = new InterruptedStore();
        await using var app = await SignedInAsync(store);
        app.Tokens.Next(async (_, _) =>
        {
            await store.RotateElsewhereAsync(new TokenSet("other-access", "other-refresh"));
            return Refusal();
        });
        Take(app, "other-access");

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Single(app.Refreshes);
        Assert.Equal(["SignedIn", "FlightBegun", "Adopted"], Told());
    }

    [Fact]
    [Trait("Case", "C33")]
    public async Task A_refusal_that_the_store_couldnt_be_told_stands_and_the_dead_token_isnt_sent_again()
    {
        var storesClock = new FakeTimeProvider();
        var store = new InterruptedStore(storesClock);
        await using var app = await SignedInAsync(store);
        app.Tokens.RevokeRefreshTokens();
        store.FailsAreLost = true;
        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());
        Assert.Equal(TokenRefreshFailure.Transient, failure.Failure);

        // Until then the claim stands: the store doesn't know that nobody asks any more.
        store.FailsAreLost = false;
        app.Time.Advance(TimeSpan.FromMinutes(1));
        storesClock.Advance(TimeSpan.FromMinutes(1));
        using var next = await app.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, next.StatusCode);
        Assert.Equal(["refresh-1"], app.Tokens.Presented);
        Assert.Equal(ReLoginReason.Rejected, Assert.Single(app.ReLogins).Reason);
    }

    [Fact]
    [Trait("Case", "C33")]
    public async Task A_refusal_after_another_process_broke_off_its_refresh_is_a_lost_rotation()
    {
        var storesClock = new FakeTimeProvider(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var store = new MemoryTokenStore(storesClock);
        await using var app = await SignedInAsync(store);
        var record = await store.ReadAsync(SavedTokens.Key, default);
        var claimed = await store.BeginAsync(SavedTokens.Key, new RefreshClaim(record.Lineage, record.Version, "other", TimeSpan.FromMinutes(1)), default);
        Assert.Equal(TokenStoreVerdict.Accepted, claimed.Verdict);
        storesClock.Advance(TimeSpan.FromMinutes(2));
        app.Tokens.RevokeRefreshTokens();

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
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
        Assert.Equal(["refresh-1"], app.Tokens.Presented);
        Assert.Equal(["access-1", "access-2"], app.Api.Received.Select(request => request.Token));
        Assert.Equal(1, Told().Count(name => name == "FlightBegun"));
    }

    [Fact]
    [Trait("Case", "C34")]
    public async Task A_login_that_was_put_back_is_no_news()
    {
        var store = new InterruptedStore();
        await using var app = await SignedInAsync(store);
        store.Forget();

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Single(app.Refreshes);
        Assert.Equal(["SignedIn", "FlightBegun", "Refreshed"], Told());
    }

    [Theory]
    [InlineData("temporarily_unavailable", "RefreshFailed")]
    [InlineData("invalid_client", "RefreshMisconfigured")]
    public async Task The_log_tells_what_can_be_mended_from_what_passes(string error, string eventName)
    {
        await using var app = await SignedInAsync(new MemoryTokenStore());
        app.Tokens.Always((_, _) => Task.FromResult<HttpResponseMessage?>(new HttpResponseMessage(HttpStatusCode.BadRequest)
        {
            Content = new StringContent($$"""{"error":"{{error}}"}"""),
            Headers = { RetryAfter = new System.Net.Http.Headers.RetryConditionHeaderValue(TimeSpan.FromSeconds(5)) },
        }));

        await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());

        Assert.Equal(["SignedIn", "FlightBegun", eventName], Told());
    }

    [Fact]
    [Trait("Case", "C21")]
    public async Task A_store_that_is_silent_until_the_deadline_is_told_as_that()
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
    private async Task<TestApp> SignedInAsync(ITokenStore store)
    {
        var app = TestApp.Over(store, services: _log.Add);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        return app;
    }

    private static void Take(TestApp app, string token) =>
        app.Api.Answer(request => new HttpResponseMessage(request.Token == token ? HttpStatusCode.OK : HttpStatusCode.Unauthorized));

    private static HttpResponseMessage Refusal() => new(HttpStatusCode.BadRequest) { Content = new StringContent("""{"error":"invalid_grant"}""") };

    private static async Task SignInElsewhereAsync(ITokenStore store, TokenSet tokens)
    {
        var record = await store.ReadAsync(SavedTokens.Key, default);
        await store.SignInAsync(SavedTokens.Key, "another-login", record.Version, SavedTokens.Protect(tokens), default);
    }

    private string[] Told() => [.. _log.Messages.Where(message => message.Category.StartsWith("TokenRefresh", StringComparison.Ordinal)).Select(message => message.EventName ?? "")];

    /// <summary>A store that somebody else uses at an awkward moment, that forgets, or doesn't answer.</summary>
    private sealed class InterruptedStore(TimeProvider? clock = null) : StoreAround
    {
        private MemoryTokenStore _records = new(clock);

        public Func<Task>? BeforeCommit { get; set; }

        public bool FailsAreLost { get; set; }

        public Gate? Silence { get; set; }

        protected override ITokenStore Inner => _records;

        public void Forget() => _records = new MemoryTokenStore();

        public override async ValueTask<TokenStoreAnswer> BeginAsync(TokenSessionKey key, RefreshClaim claim, CancellationToken cancellationToken)
        {
            if (Silence is { } silence)
            {
                await silence.PassAsync(CancellationToken.None);
            }

            return await base.BeginAsync(key, claim, cancellationToken);
        }

        public override async ValueTask<TokenStoreAnswer> CommitAsync(
            TokenSessionKey key, string lineage, long version, ProtectedTokens tokens, CancellationToken cancellationToken)
        {
            if (BeforeCommit is { } act)
            {
                BeforeCommit = null;
                await act();
            }

            return await base.CommitAsync(key, lineage, version, tokens, cancellationToken);
        }

        public override ValueTask<TokenStoreAnswer> FailAsync(TokenSessionKey key, RefreshClaim claim, ClaimFailure failure, CancellationToken cancellationToken) =>
            FailsAreLost ? throw new IOException("The network drive is gone.") : base.FailAsync(key, claim, failure, cancellationToken);
    }
}

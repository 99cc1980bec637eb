using System.Net;
using System.Net.Http.Headers;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>A pause after a failed refresh forbids the token call. It doesn't hide what another process has written to the store.</summary>
[Trait("Case", "A14")]
public sealed class PauseAndStoreTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly CountedReads _store = new();

    public static TheoryData<string> Failures => ["Retry-After of an hour", "invalid_client"];

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task Tokens_that_another_process_refreshed_are_used_after_one_second(string failure)
    {
        await using var app = await FailAsync(failure);
        await _store.Records.Other().SaveAsync(app.Tokens.Issue());

        var reads = _store.Count;
        await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());
        Assert.Equal(reads, _store.Count);
        app.Time.Advance(Second);
        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(1, app.Tokens.Calls);
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task A_login_at_another_process_ends_the_pause(string failure)
    {
        await using var app = await FailAsync(failure);
        await _store.Records.Other().SignInAsync(app.Tokens.Issue());
        app.Time.Advance(Second);

        // This request was made under the earlier login, so it isn't sent with the tokens of the new one.
        using var earlier = await app.GetAsync();
        using var next = await app.GetAsync();

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (earlier.StatusCode, next.StatusCode));
        Assert.Equal(1, app.Tokens.Calls);
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task Without_news_the_store_is_read_once_a_second_and_the_failure_stays(string failure)
    {
        await using var app = await FailAsync(failure);
        var first = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());

        for (var second = 1; second <= 3; second++)
        {
            app.Time.Advance(Second);
            var reads = _store.Count;
            for (var request = 0; request < 5; request++)
            {
                var next = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());
                Assert.Equal(first.Failure, next.Failure);
            }

            Assert.Equal(reads + 1, _store.Count);
        }

        Assert.Equal(1, app.Tokens.Calls);
    }

    /// <summary>An app whose refresh has just failed, so that the next one must wait.</summary>
    private async Task<TestApp> FailAsync(string failure)
    {
        var app = TestApp.Over(_store);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        if (failure == "invalid_client")
        {
            app.Tokens.RespondOnce(HttpStatusCode.BadRequest, """{"error":"invalid_client"}""");
        }
        else
        {
            app.Tokens.RespondOnce((_, _) => Task.FromResult<HttpResponseMessage?>(new HttpResponseMessage(HttpStatusCode.TooManyRequests)
            {
                Headers = { RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromHours(1)) },
            }));
        }

        await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());
        return app;
    }

    private sealed class CountedReads : StoreAround
    {
        public int Count { get; private set; }

        public ITokenStore Records => Inner;

        public override ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken)
        {
            Count++;
            return base.ReadAsync(key, cancellationToken);
        }

        protected override ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken)
        {
            // A flight that looks may write in place of a read.
            Count++;
            return base.WriteAsync(write, cancellationToken);
        }
    }
}

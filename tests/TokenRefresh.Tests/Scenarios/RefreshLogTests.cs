using System.Net;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>The log lines of refreshes: why each began, and since when they fail. Lines of the store: each failure makes one.</summary>
public sealed class RefreshLogTests : IDisposable
{
    private readonly CapturingLoggerProvider _log = new();

    [Theory]
    [InlineData(600, "it has expired or is about to")]
    [InlineData(270, "it expires soon")]
    public async Task The_lines_say_whether_the_token_has_expired_or_will(int seconds, string reason)
    {
        await using var app = TestApp.Create(services: _log.Add);
        await app.SignInAsync();
        app.Time.Advance(TimeSpan.FromSeconds(seconds));

        using var response = await app.GetAsync();

        await Eventually.UntilAsync(() => Lines("Refreshed").Length == 1);
        Assert.Contains($"refreshing the access token because {reason}.", Assert.Single(Lines("RefreshStarted")), StringComparison.Ordinal);
        Assert.Contains($" ms because {reason}; requests", Lines("Refreshed")[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_lines_say_that_the_app_requested_the_refresh()
    {
        await using var app = TestApp.Create(services: _log.Add);
        await app.SignInAsync();

        await app.Session.RefreshAsync();

        Assert.Contains("because the app requested it.", Assert.Single(Lines("RefreshStarted")), StringComparison.Ordinal);
        Assert.Contains("because the app requested it; requests", Assert.Single(Lines("Refreshed")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_lines_say_that_the_session_is_used_for_the_first_time()
    {
        await using var app = TestApp.Create(
            options =>
            {
                options.GrantType = TokenGrantType.ClientCredentials;
                options.ClientSecret = "secret";
            },
            _log.Add);

        using var response = await app.GetAsync();

        Assert.Contains("because of the session's first use; requests", Assert.Single(Lines("Refreshed")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failures_name_the_next_attempt_and_the_time_of_the_first()
    {
        await using var app = await FailingAsync();
        app.Tokens.ExpireAccessTokens();

        await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());
        app.Time.Advance(TimeSpan.FromSeconds(5));
        await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());

        // The pauses are one and two seconds, a fifth more or less.
        var lines = Lines("RefreshFailed");
        Assert.Matches(@" Next attempt in (0\.[89]|1|1\.[12]) s; first failure: this one\.", lines[0]);
        Assert.Matches(@" Next attempt in (1\.[6-9]|2|2\.[1-4]) s; first failure: 2030-01-01T00:00:00\.0000000Z\.", lines[1]);
    }

    [Fact]
    public async Task After_a_background_refresh_that_failed_a_failure_names_that_one_as_the_first()
    {
        await using var app = await FailingAsync();
        app.Time.Advance(TimeSpan.FromSeconds(270));
        using var ahead = await app.GetAsync();
        await Eventually.UntilAsync(() => Lines("RefreshFailed").Length == 1);

        app.Time.Advance(TimeSpan.FromSeconds(60));
        await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());

        var lines = Lines("RefreshFailed");
        Assert.Contains("first failure: this one.", lines[0], StringComparison.Ordinal);
        Assert.Contains("first failure: 2030-01-01T00:04:30.0000000Z.", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_store_a_session_that_is_signed_out_or_whose_login_has_ended_starts_no_refresh()
    {
        await using var app = TestApp.Create(services: _log.Add);
        await app.SignInAsync();
        await app.Session.SignOutAsync();
        app.Time.Advance(TimeSpan.FromSeconds(2));
        using var signedOut = await app.GetAsync();
        Assert.Empty(Lines("RefreshStarted"));

        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        app.Tokens.RevokeRefreshTokens();
        using var ended = await app.GetAsync();
        app.Time.Advance(TimeSpan.FromSeconds(2));
        using var later = await app.GetAsync();

        Assert.Single(Lines("RefreshStarted"));
        Assert.Equal((HttpStatusCode.Unauthorized, 2), (later.StatusCode, app.Api.Calls));
    }

    [Theory]
    [InlineData(StoreWriteKind.SignIn)]
    [InlineData(StoreWriteKind.SignOut)]
    public async Task A_sign_in_or_sign_out_that_the_store_refuses_leaves_one_line(StoreWriteKind refused)
    {
        var store = new FailingStore();
        await using var app = TestApp.Over(store, services: _log.Add);
        await app.SignInAsync();
        store.Refused = refused;

        await Assert.ThrowsAsync<TokenRefreshException>(() => refused == StoreWriteKind.SignIn ? app.SignInAsync() : app.Session.SignOutAsync());

        Assert.Single(Lines("StoreFailed"));
    }

    [Fact]
    public async Task A_lease_that_the_store_doesnt_take_back_leaves_one_line()
    {
        var store = new FailingStore { Refused = StoreWriteKind.Release };
        await using var app = TestApp.Over(store, services: _log.Add);
        await app.SignInAsync();
        app.Tokens.RespondAlways(HttpStatusCode.BadRequest, """{"error":"invalid_client"}""");

        await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.RefreshAsync());

        Assert.Single(Lines("StoreFailed"));
        Assert.Single(Lines("RefreshMisconfigured"));
    }

    [Fact]
    public async Task An_end_that_the_store_doesnt_record_leaves_one_line_and_the_caller_learns_of_the_rejection()
    {
        var store = new FailingStore { Refused = StoreWriteKind.End };
        await using var app = TestApp.Over(store, services: _log.Add);
        await app.SignInAsync();
        app.Tokens.RevokeRefreshTokens();

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.RefreshAsync());

        Assert.Single(Lines("StoreFailed"));
        Assert.Contains(
            "The server rejected the refresh token, and the token store can't be reached to record that. Try again later. (IOException)",
            failure.Message,
            StringComparison.Ordinal);
    }

#if !NETSTANDARD_BUILD // netstandard2.0 has no synchronous Send that could be overridden.
    [Fact]
    public async Task A_synchronous_request_counts_as_one_that_waited()
    {
        await using var app = TestApp.Create(services: _log.Add);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();

        using var request = new HttpRequestMessage(HttpMethod.Get, "me");
        using var response = app.Client.Send(request, CancellationToken.None);

        Assert.Contains("requests that waited: 1;", Assert.Single(Lines("Refreshed")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_synchronous_request_during_a_pause_starts_no_refresh()
    {
        await using var app = await FailingAsync();
        app.Tokens.ExpireAccessTokens();
        await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());
        using var request = new HttpRequestMessage(HttpMethod.Get, "me");

        Assert.Throws<TokenRefreshException>(() => app.Client.Send(request, CancellationToken.None));

        Assert.Single(Lines("RefreshStarted"));
        Assert.Equal(1, app.Tokens.Calls);
    }
#endif

    public void Dispose() => _log.Dispose();

    /// <summary>An app whose token server is overloaded.</summary>
    private async Task<TestApp> FailingAsync()
    {
        var app = TestApp.Create(options => options.ConfigureRefreshPipeline = _ => { }, _log.Add);
        await app.SignInAsync();
        app.Tokens.RespondAlways(HttpStatusCode.ServiceUnavailable);
        return app;
    }

    private string[] Lines(string eventName) =>
        [.. _log.Messages.Where(message => message.EventName == eventName).Select(message => message.Text)];
}

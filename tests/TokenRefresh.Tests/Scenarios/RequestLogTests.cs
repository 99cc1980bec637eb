using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>Each decision about a request leaves one line with its reason, and no line names a path, a query, a token or a user.</summary>
public sealed class RequestLogTests : IDisposable
{
    private static readonly Uri Secret = new("https://api.example.com/secret-path?key=secret-query");
    private readonly CapturingLoggerProvider _log = new();

    [Fact]
    [Trait("Case", "N3")]
    public async Task A_request_while_no_user_is_signed_in_says_so()
    {
        await using var app = Create();

        using var response = await app.Client.GetAsync(Secret);

        AssertOneLine("NoTokenSent", "GET https://api.example.com", "no user is signed in");
    }

    [Fact]
    [Trait("Case", "N3")]
    public async Task A_request_under_a_key_that_isnt_signed_in_says_so()
    {
        await using var app = Create(options => options.UserKey = (_, _) => "secret-user");

        using var response = await app.Client.GetAsync(Secret);

        AssertOneLine("NoTokenSent", "GET https://api.example.com", "no user is signed in under the request's user key");
    }

    [Fact]
    [Trait("Case", "N3")]
    public async Task A_request_for_which_UserKey_returns_null_says_so()
    {
        await using var app = Create(options => options.UserKey = (_, _) => null);

        using var response = await app.Client.GetAsync(Secret);

        AssertOneLine("NoTokenSent", "GET https://api.example.com", "UserKey returned null");
    }

    [Fact]
    [Trait("Case", "N3")]
    public async Task A_request_to_another_origin_names_that_origin_and_the_allowed_ones()
    {
        await using var app = Create();
        await app.SignInAsync();

        using var response = await app.Client.GetAsync(new Uri("http://127.0.0.1:5601/secret-path?secret-query"));

        AssertOneLine("NoTokenSent", "GET http://127.0.0.1:5601", "its origin isn't allowed. Add it to AllowedOrigins, which has https://api.example.com");
    }

    [Fact]
    public async Task A_request_to_an_origin_that_the_app_doesnt_allow_names_its_function()
    {
        await using var app = Create(options => options.IsAllowedOrigin = _ => false);
        await app.SignInAsync();

        using var response = await app.Client.GetAsync(new Uri("https://other.example.com/"));

        AssertOneLine("NoTokenSent", "GET https://other.example.com", "or allow it by IsAllowedOrigin");
    }

    [Fact]
    [Trait("Case", "B63")]
    public async Task A_header_of_the_callers_is_left_alone_and_says_so()
    {
        await using var app = Create();
        await app.SignInAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, Secret) { Headers = { Authorization = new AuthenticationHeaderValue("Basic", "c2VjcmV0") } };

        using var response = await app.Client.SendAsync(request);

        Assert.Equal("Basic c2VjcmV0", Assert.Single(app.Api.Received).Authorization);
        AssertOneLine("NoTokenSent", "GET https://api.example.com", "the caller set the Authorization header");
    }

    [Theory]
    [Trait("Case", "B63")]
    [InlineData("Bearer")]
    [InlineData("bearer")]
    [InlineData(" Bearer ")]
    [InlineData("")]
    [InlineData(", ")]
    [InlineData("Bearer, ")]
    public async Task A_scheme_without_a_token_counts_as_no_header(string placeholder)
    {
        await using var app = Create();
        await app.SignInAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, Secret);
        request.Headers.TryAddWithoutValidation("Authorization", placeholder);

        using var response = await app.Client.SendAsync(request);

        Assert.Equal("Bearer access-1", Assert.Single(app.Api.Received).Authorization);
    }

    [Theory]
    [Trait("Case", "B63")]
    [InlineData("3f7c0a")]
    [InlineData("Bearer other")]
    [InlineData("Token")]
    public async Task A_key_without_a_scheme_is_a_header_of_the_callers(string key)
    {
        await using var app = Create();
        await app.SignInAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, Secret);
        request.Headers.TryAddWithoutValidation("Authorization", key);

        using var response = await app.Client.SendAsync(request);

        Assert.Equal(key, Assert.Single(app.Api.Received).Authorization);
        Assert.Equal(0, app.Tokens.Calls);
    }

    [Fact]
    [Trait("Case", "B63")]
    public async Task While_no_user_is_signed_in_a_scheme_without_a_token_is_not_sent()
    {
        await using var app = Create();
        using var request = new HttpRequestMessage(HttpMethod.Get, Secret) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer") } };

        using var response = await app.Client.SendAsync(request);

        Assert.Null(Assert.Single(app.Api.Received).Authorization);
    }

    [Fact]
    [Trait("Case", "N3")]
    public async Task A_401_within_MinRefreshInterval_says_why_it_is_returned()
    {
        await using var app = Create();
        await app.SignInAsync();
        await app.Session.RefreshAsync();
        app.Api.RejectEverything();

        using var response = await app.Client.GetAsync(Secret);

        AssertOneLine("RejectionReturned", "GET https://api.example.com", "MinRefreshInterval");
    }

    [Fact]
    [Trait("Case", "N2")]
    public async Task An_API_that_rejects_refreshed_tokens_is_warned_about_once_a_minute()
    {
        await using var app = Create();
        await app.SignInAsync();
        app.Api.RejectEverything();

        for (var second = 0; second < 120; second += 20)
        {
            using var response = await app.Client.GetAsync(Secret);
            app.Time.Advance(TimeSpan.FromSeconds(20));
        }

        var warnings = _log.Messages.Where(message => message.EventName == "RefreshedTokenRejected").ToList();
        Assert.Equal(2, warnings.Count);
        Assert.All(warnings, warning => Assert.Equal(LogLevel.Warning, warning.Level));
        Assert.All(warnings, warning => Assert.Contains("audience, scope and issuer, and the option Scheme", warning.Text, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Case", "N3")]
    public async Task A_401_whose_content_cant_be_sent_twice_says_what_to_do()
    {
        await using var app = Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        using var stream = new ScriptedBody("x"u8.ToArray());

        using var response = await app.Client.PostAsync(Secret, new StreamContent(stream));

        AssertOneLine("RejectionReturned", "POST https://api.example.com", "MaxReplayBufferSize");
    }

    [Theory]
    [Trait("Case", "N3")]
    [InlineData("Bearer error=\"insufficient_scope\"", "another scope or a stronger login")]
    [InlineData("Basic realm=\"x\"", "another scheme only")]
    public async Task A_401_with_another_challenge_says_so(string challenge, string reason)
    {
        await using var app = Create();
        await app.SignInAsync();
        app.Api.Answer(_ =>
        {
            var response = new HttpResponseMessage(HttpStatusCode.Unauthorized);
            response.Headers.TryAddWithoutValidation("WWW-Authenticate", challenge);
            return response;
        });

        for (var i = 0; i < 2; i++)
        {
            using var response = await app.Client.GetAsync(Secret);
            app.Time.Advance(TimeSpan.FromSeconds(30));
        }

        Assert.Contains(_log.Messages, message => message.EventName == "RejectionReturned" && message.Text.Contains(reason, StringComparison.Ordinal));
        AssertNothingSecret();
    }

    [Fact]
    [Trait("Case", "N3")]
    public async Task A_good_token_leaves_no_line()
    {
        await using var app = Create();
        await app.SignInAsync();
        var before = _log.Messages.Count(IsOurs);

        using var response = await app.Client.GetAsync(Secret);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(before, _log.Messages.Count(IsOurs));
    }

    [Fact]
    [Trait("Case", "N3")]
    public async Task A_logger_that_throws_doesnt_change_a_response()
    {
        await using var app = TestApp.Create(services: services => services.AddLogging(logging => logging.AddProvider(new ThrowingLogger())));
        using var response = await app.Client.GetAsync(Secret);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Fact]
    public async Task A_logger_that_throws_loses_no_event()
    {
        await using var app = TestApp.Create(services: services => services.AddLogging(logging => logging.AddProvider(new ThrowingLogger())));
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        app.Tokens.RevokeRefreshTokens();

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        await Eventually.UntilAsync(() => !app.ReLogins.IsEmpty);
        Assert.Equal(ReLoginReason.Rejected, Assert.Single(app.ReLogins).Reason);
    }

    [Fact]
    public async Task A_logger_that_throws_loses_no_tokens_that_couldnt_be_saved()
    {
        var store = new FailingStore();
        await using var app = TestApp.Over(store, services: services => services.AddLogging(logging => logging.AddProvider(new ThrowingLogger())));
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        store.SavesFail = true;

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        store.SavesFail = false;
        while (await store.RefreshTokenAsync() != "refresh-2")
        {
            app.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }

        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
    }

    public void Dispose() => _log.Dispose();

    private static bool IsOurs(CapturingLoggerProvider.Message message) => message.Category.StartsWith("TokenRefresh", StringComparison.Ordinal);

    [Theory]
    [Trait("Case", "N16")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_request_that_stops_waiting_for_a_refresh_says_so(bool isExpiredBefore)
    {
        await using var app = Create();
        await app.SignInAsync();
        if (isExpiredBefore)
        {
            app.Time.Advance(TimeSpan.FromHours(1));
        }
        else
        {
            app.Tokens.ExpireAccessTokens();
        }

        var tokens = app.Tokens.Hold();
        using var cancellation = new CancellationTokenSource();
        var request = app.Client.GetAsync(Secret, cancellation.Token);
        await tokens.ArrivedAsync(1);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        AssertOneLine("WaitCancelled", "GET https://api.example.com", "make it longer than RefreshTimeout, 00:00:30");
        app.Tokens.Release();
    }

#if !NETSTANDARD_BUILD // netstandard2.0 has no synchronous Send that could be overridden.
    [Fact]
    [Trait("Case", "N16")]
    public async Task A_synchronous_request_that_stops_waiting_for_a_refresh_says_so()
    {
        await using var app = Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var tokens = app.Tokens.Hold();
        using var cancellation = new CancellationTokenSource();
        var request = Task.Run(() =>
        {
            using var message = new HttpRequestMessage(HttpMethod.Get, Secret);
            return app.Client.Send(message, cancellation.Token);
        });
        await tokens.ArrivedAsync(1);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        AssertOneLine("WaitCancelled", "GET https://api.example.com", "HttpClient.Timeout");
        app.Tokens.Release();
    }
#endif

    private TestApp Create(Action<TokenRefreshOptions>? configure = null) => TestApp.Create(configure, _log.Add);

    private void AssertOneLine(string eventName, params string[] parts)
    {
        var line = Assert.Single(_log.Messages, message => message.EventName == eventName);
        Assert.Equal(LogLevel.Debug, line.Level);
        Assert.All(parts, part => Assert.Contains(part, line.Text, StringComparison.Ordinal));
        AssertNothingSecret();
    }

    private void AssertNothingSecret() =>
        Assert.All(_log.Messages.Where(IsOurs), message => Assert.DoesNotContain("secret", message.Text, StringComparison.Ordinal));

    private sealed class ThrowingLogger : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) =>
            categoryName.StartsWith("TokenRefresh", StringComparison.Ordinal) ? this : Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            throw new InvalidOperationException("logger");

        public void Dispose()
        {
        }
    }
}

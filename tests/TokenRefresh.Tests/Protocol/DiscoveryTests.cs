using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Protocol;
using TokenRefresh.Refreshing;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Protocol;

/// <summary>The discovery document: when it is fetched, what it must say, and what its absence costs.</summary>
public sealed class DiscoveryTests : IDisposable
{
    private const string Issuer = "https://login.example.com";
    private const string Document = Issuer + "/.well-known/openid-configuration";
    private const string Token = Issuer + "/token";

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly Provider _provider = new();
    private readonly CapturingLoggerProvider _logs = new();
    private readonly HttpClient _client;

    public DiscoveryTests()
    {
        _client = new HttpClient(_provider) { Timeout = Timeout.InfiniteTimeSpan };
        _provider.Answers[Document] = () => Json(DocumentOf(Issuer, Token));
        _provider.Answers[Token] = () => Json("""{"access_token":"a2","refresh_token":"r2","token_type":"Bearer"}""");
    }

    [Fact]
    public async Task The_token_endpoint_comes_from_the_document_which_is_fetched_once()
    {
        var endpoint = Endpoint();

        Assert.Empty(_provider.Requests);
        Assert.Equal("a2", (await AskAsync(endpoint)).Tokens!.AccessToken);
        Assert.Equal("a2", (await AskAsync(endpoint)).Tokens!.AccessToken);

        Assert.Equal([Document, Token, Token], _provider.Requests);
    }

    [Theory]
    [InlineData("https://login.example.com/realms/shop", "https://login.example.com/realms/shop/.well-known/openid-configuration")]
    [InlineData("https://login.example.com/realms/shop/", "https://login.example.com/realms/shop/.well-known/openid-configuration")]
    [InlineData("https://login.example.com/realms/shop", "https://login.example.com/.well-known/oauth-authorization-server/realms/shop")]
    [InlineData("https://login.example.com", "https://login.example.com/.well-known/oauth-authorization-server")]
    [InlineData("https://login.example.com//realms/shop", "https://login.example.com//realms/shop/.well-known/openid-configuration")]
    [InlineData("https://login.example.com:8443/a", "https://login.example.com:8443/.well-known/oauth-authorization-server/a")]
    public async Task Both_usual_places_are_tried(string issuer, string place)
    {
        _provider.Answers.Clear();
        _provider.Answers[place] = () => Json(DocumentOf(issuer, Token));
        _provider.Answers[Token] = () => Json("""{"access_token":"a2","token_type":"Bearer"}""");

        Assert.Equal(TokenEndpointOutcome.Succeeded, (await AskAsync(Endpoint(issuer))).Outcome);
    }

    [Fact]
    public async Task A_redirect_of_the_endpoint_names_the_document_that_its_URL_comes_from()
    {
        _provider.Answers[Token] = () => new HttpResponseMessage(HttpStatusCode.Redirect);

        var result = await AskAsync(Endpoint());

        Assert.Contains("The discovery document names this URL", result.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_document_at_an_unusual_place_is_found_by_its_address()
    {
        _provider.Answers["https://cdn.example.com/config.json"] = () => Json(DocumentOf(Issuer, Token));

        var result = await AskAsync(Endpoint(configure: options => options.MetadataAddress = new Uri("https://cdn.example.com/config.json")));

        Assert.Equal(TokenEndpointOutcome.Succeeded, result.Outcome);
        Assert.Equal(["https://cdn.example.com/config.json", Token], _provider.Requests);
    }

    [Theory]
    [InlineData("https://login.example.com/")]
    [InlineData("HTTPS://Login.Example.com")]
    public async Task One_slash_and_the_case_of_the_host_may_differ(string issuer) =>
        Assert.Equal(TokenEndpointOutcome.Succeeded, (await AskAsync(Endpoint(issuer))).Outcome);

    [Theory]
    [InlineData("https://evil.example.com")]
    [InlineData("https://login.example.com//")]
    [InlineData("https://login.example.com/realms/shop")]
    [InlineData("http://login.example.com")]
    [InlineData("")]
    public async Task Another_issuer_is_a_configuration_failure_and_the_refresh_token_isnt_sent(string named)
    {
        _provider.Answers[Document] = () => Json(DocumentOf(named, Token));

        var result = await AskAsync(Endpoint());

        Assert.Equal(TokenEndpointOutcome.Misconfigured, result.Outcome);
        Assert.Contains("another issuer", result.Description, StringComparison.Ordinal);
        Assert.Equal([Document], _provider.Requests);
    }

    [Theory]
    [InlineData("http://login.example.com/token")]
    [InlineData("http://127.0.0.1/token")]
    [InlineData("/token")]
    [InlineData("https://user@login.example.com/token")]
    [InlineData("ftp://login.example.com/token")]
    public async Task An_endpoint_to_which_no_token_may_be_sent_is_a_configuration_failure(string endpoint)
    {
        _provider.Answers[Document] = () => Json(DocumentOf(Issuer, endpoint));

        var result = await AskAsync(Endpoint());

        Assert.Equal(TokenEndpointOutcome.Misconfigured, result.Outcome);
        Assert.Equal([Document], _provider.Requests);
    }

    [Theory]
    [InlineData("https://evil.example.com", "https://evil.example.com/token")]
    [InlineData("https://sso:8443", "https://sso:8443/token")]
    [InlineData("https://sso", "http://localhost:8080/token")]
    public async Task A_host_of_one_label_is_checked_like_any_other(string issuer, string endpoint)
    {
        _provider.Answers["https://sso/.well-known/openid-configuration"] = () => Json(DocumentOf(issuer, endpoint));

        var result = await AskAsync(Endpoint("https://sso"));

        Assert.Equal(TokenEndpointOutcome.Misconfigured, result.Outcome);
        Assert.Single(_provider.Requests);
    }

    [Theory]
    [InlineData(HttpStatusCode.BadRequest)]
    [InlineData(HttpStatusCode.Forbidden)]
    [InlineData(HttpStatusCode.MethodNotAllowed)]
    public async Task The_second_place_is_tried_after_any_refusal_of_the_first(HttpStatusCode refusal)
    {
        _provider.Answers[Document] = () => new HttpResponseMessage(refusal);
        _provider.Answers[Issuer + "/.well-known/oauth-authorization-server"] = () => Json(DocumentOf(Issuer, Token));

        Assert.Equal(TokenEndpointOutcome.Succeeded, (await AskAsync(Endpoint())).Outcome);
    }

    [Fact]
    public async Task The_second_place_is_tried_where_the_first_answers_something_else_than_a_document()
    {
        _provider.Answers[Document] = () => Json("""{"message":"no such path"}""");
        _provider.Answers[Issuer + "/.well-known/oauth-authorization-server"] = () => Json(DocumentOf(Issuer, Token));

        Assert.Equal(TokenEndpointOutcome.Succeeded, (await AskAsync(Endpoint())).Outcome);
    }

    [Theory]
    [InlineData("https://evil.example.com/realms/shop?secret=1", Token, "another issuer, https://evil.example.com/realms/shop. Set Issuer")]
    [InlineData("no URL", Token, "another issuer. Set Issuer")]
    [InlineData(Issuer, "http://login.example.com/token?secret=1", "no token may be sent, http://login.example.com/token. It must be")]
    [InlineData(Issuer, "/token", "no token may be sent. It must be")]
    public async Task A_refused_document_names_the_url_that_is_wrong(string issuer, string token, string expected)
    {
        _provider.Answers[Document] = () => Json(DocumentOf(issuer, token));

        var description = (await AskAsync(Endpoint())).Description!;

        Assert.Contains(expected, description, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Both_places_are_named_where_neither_has_a_document()
    {
        _provider.Answers[Document] = () => new HttpResponseMessage(HttpStatusCode.MovedPermanently);

        var description = (await AskAsync(Endpoint())).Description;

        Assert.Equal(
            $"the discovery document {Document} redirects (301), and a redirect is never followed; "
            + $"the discovery document {Issuer}/.well-known/oauth-authorization-server answered 404 without a document. "
            + "Check Issuer, or set MetadataAddress to the document's URL.",
            description);
    }

    [Fact]
    public async Task A_redirect_that_a_browser_hides_is_named_too()
    {
        _provider.Answers[Document] = () => new HttpResponseMessage((HttpStatusCode)0);

        Assert.Contains("redirects (0)", (await AskAsync(Endpoint())).Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_metadata_address_is_named()
    {
        var result = await AskAsync(Endpoint(configure: options => options.MetadataAddress = new Uri(Issuer + "/config.json")));

        Assert.Contains("/config.json answered 404 without a document. Check MetadataAddress.", result.Description, StringComparison.Ordinal);
        Assert.Contains("MetadataAddress is probably wrong", FailureMessages.From("orders", result).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Token)]
    [InlineData(Document)]
    public async Task A_wrong_url_names_the_option_that_the_app_has_set(string missing)
    {
        _provider.Answers[missing] = () => new HttpResponseMessage(HttpStatusCode.NotFound);

        var failure = FailureMessages.From("orders", await AskAsync(Endpoint()));

        Assert.Contains("Check Issuer", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Issuer is probably wrong", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("TokenEndpoint", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endpoint_without_a_connection_is_looked_for_again()
    {
        var endpoint = Endpoint();
        await AskAsync(endpoint);
        var hang = new TaskCompletionSource<HttpResponseMessage>();
        using var deadline = new CancellationTokenSource();
        _provider.Hang = hang.Task.WaitAsync(deadline.Token);
        var asking = AskAsync(endpoint, deadline.Token);

        await deadline.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        _provider.Hang = null;
        await AskAsync(endpoint);

        Assert.Equal([Document, Token, Token, Document, Token], _provider.Requests);
    }

    [Fact]
    public async Task A_fetch_that_blocks_its_thread_is_left_too()
    {
        using var blocked = new ManualResetEventSlim();
        _provider.Answers[Document] = () =>
        {
            blocked.Wait(TestContext.Current.CancellationToken);
            return Json(DocumentOf(Issuer, Token));
        };
        var asking = AskAsync(Endpoint());
        await _provider.Arrived.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System, TestContext.Current.CancellationToken);

        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(TokenEndpointOutcome.Transient, (await asking).Outcome);
        blocked.Set();
    }

    [Fact]
    public async Task A_revocation_without_a_document_in_time_says_so()
    {
        var hang = new TaskCompletionSource<HttpResponseMessage>();
        _provider.Hang = hang.Task;
        var options = Options(Issuer);
        using var limit = new CancellationTokenSource();
        var revoking = TokenRevocation.For(options, () => _client, Discovery(options))!.RevokeAsync(new TokenSet("a", "r"), limit.Token);

        await limit.CancelAsync();

        Assert.Equal(RevocationResult.Failed("the discovery document didn't arrive in time."), await revoking);
        hang.SetCanceled(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_document_without_an_endpoint_is_a_configuration_failure()
    {
        _provider.Answers[Document] = () => Json($$"""{"issuer":"{{Issuer}}"}""");

        Assert.Contains("names no token_endpoint", (await AskAsync(Endpoint())).Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plain_http_is_used_where_the_app_names_the_origin()
    {
        _provider.Answers["http://login:8080/.well-known/openid-configuration"] = () => Json(DocumentOf("http://login:8080", "http://login:8080/token"));
        _provider.Answers["http://login:8080/token"] = () => Json("""{"access_token":"a2","token_type":"Bearer"}""");

        var result = await AskAsync(Endpoint("http://login:8080", options => options.InsecureOrigins.Add(new Uri("http://login:8080"))));

        Assert.Equal(TokenEndpointOutcome.Succeeded, result.Outcome);
    }

    public static TheoryData<string, Func<HttpResponseMessage>> Unusable => new()
    {
        { "redirect", () => new HttpResponseMessage(HttpStatusCode.Found) { Headers = { Location = new Uri("https://elsewhere.example.com/") } } },
        { "500", () => new HttpResponseMessage(HttpStatusCode.InternalServerError) },
        { "401", () => new HttpResponseMessage(HttpStatusCode.Unauthorized) },
        { "404", () => new HttpResponseMessage(HttpStatusCode.NotFound) },
        { "page", () => new HttpResponseMessage { Content = new StringContent("<html></html>", Encoding.UTF8, "text/html") } },
        { "list", () => Json("[]") },
        { "empty", () => new HttpResponseMessage { Content = new ByteArrayContent([]) } },
        { "3 MB", () => Json($$"""{"issuer":"{{Issuer}}","token_endpoint":"{{Token}}","more":"{{new string('x', 3_000_000)}}"}""") },
        { "network", () => throw new HttpRequestException("no route") },
        { "bug", () => throw new InvalidOperationException("a handler of the app") },
    };

    [Theory]
    [MemberData(nameof(Unusable))]
    public async Task Without_a_document_the_refresh_fails_for_now_and_the_refresh_token_stays_unused(string name, Func<HttpResponseMessage> answer)
    {
        _provider.Answers[Document] = answer;
        var endpoint = Endpoint();

        var result = await AskAsync(endpoint);

        Assert.True(TokenEndpointOutcome.Transient == result.Outcome, name);
        Assert.False(result.RefreshTokenMayBeUsed);
        Assert.DoesNotContain(Token, _provider.Requests);
        Assert.Contains("the discovery document https://login.example.com/.well-known/", result.Description, StringComparison.Ordinal);

        // The next attempt of the same flight fetches again: it follows after 0.4 s at the earliest.
        _time.Advance(TimeSpan.FromSeconds(0.4));
        _provider.Answers[Document] = () => Json(DocumentOf(Issuer, Token));
        Assert.Equal(TokenEndpointOutcome.Succeeded, (await AskAsync(endpoint)).Outcome);
    }

    [Fact]
    public async Task A_document_that_never_ends_is_left_after_ten_seconds()
    {
        var hang = new TaskCompletionSource<HttpResponseMessage>();
        _provider.Hang = hang.Task;
        var asking = AskAsync(Endpoint());
        await _provider.Arrived.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System, TestContext.Current.CancellationToken);

        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Contains("no response within 10 s", (await asking).Description, StringComparison.Ordinal);
        hang.SetCanceled(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Five_hundred_callers_at_once_fetch_one_document_and_one_that_leaves_stops_nothing()
    {
        var hang = new TaskCompletionSource<HttpResponseMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        _provider.Hang = hang.Task;
        var endpoint = Endpoint();
        using var leaves = new CancellationTokenSource();
        var leaver = AskAsync(endpoint, leaves.Token);
        var askers = Enumerable.Range(0, 500).Select(_ => Task.Run(() => AskAsync(endpoint))).ToArray();
        await _provider.Arrived.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System, TestContext.Current.CancellationToken);

        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaver);
        _provider.Hang = null;
        hang.SetResult(Json(DocumentOf(Issuer, Token)));

        Assert.All(await Task.WhenAll(askers), result => Assert.Equal(TokenEndpointOutcome.Succeeded, result.Outcome));
        Assert.Single(_provider.Requests, Document);
    }

    [Fact]
    public async Task The_flights_of_many_users_share_a_failed_fetch()
    {
        _provider.Answers[Document] = () => new HttpResponseMessage(HttpStatusCode.InternalServerError);
        var endpoint = Endpoint();

        for (var second = 0; second < 60; second++)
        {
            for (var user = 0; user < 20; user++)
            {
                Assert.Equal(TokenEndpointOutcome.Transient, (await AskAsync(endpoint)).Outcome);
            }

            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(_provider.Requests.Count, 5, 10);
        _provider.Answers[Document] = () => Json(DocumentOf(Issuer, Token));
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(TokenEndpointOutcome.Succeeded, (await AskAsync(endpoint)).Outcome);
    }

    [Fact]
    public async Task A_failed_fetch_is_not_repeated_before_the_time_that_the_server_asks_for()
    {
        _provider.Answers[Document] = () =>
        {
            var busy = new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
            busy.Headers.TryAddWithoutValidation("Retry-After", "120");
            return busy;
        };
        var endpoint = Endpoint();
        await AskAsync(endpoint);

        _time.Advance(TimeSpan.FromSeconds(119));
        await AskAsync(endpoint);
        Assert.Single(_provider.Requests);
        _time.Advance(TimeSpan.FromSeconds(1));
        await AskAsync(endpoint);
        Assert.Equal(2, _provider.Requests.Count);
    }

    [Fact]
    public async Task A_document_is_replaced_after_a_day_in_the_background()
    {
        var endpoint = Endpoint();
        await AskAsync(endpoint);
        _provider.Answers[Document] = () => Json(DocumentOf(Issuer, Issuer + "/new"));
        _provider.Answers[Issuer + "/new"] = _provider.Answers[Token];

        _time.Advance(TimeSpan.FromHours(23.9));
        await AskAsync(endpoint);
        Assert.Single(_provider.Requests, Document);

        _time.Advance(TimeSpan.FromHours(0.2));
        using var failSafe = new CancellationTokenSource(Gate.FailSafe, TimeProvider.System);
        do
        {
            failSafe.Token.ThrowIfCancellationRequested();
            await AskAsync(endpoint);
        }
        while (_provider.Requests.Last() != Issuer + "/new");

        // The call that found the document old went to the endpoint that was known.
        Assert.InRange(_provider.Requests.Count(request => request == Token), 3, int.MaxValue);
        Assert.Equal(2, _provider.Requests.Count(request => request == Document));
    }

    [Fact]
    public async Task A_known_document_is_used_while_discovery_is_down()
    {
        var endpoint = Endpoint();
        await AskAsync(endpoint);
        _provider.Answers[Document] = () => new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
        _time.Advance(TimeSpan.FromHours(25));

        for (var minute = 0; minute < 60; minute++)
        {
            Assert.Equal(TokenEndpointOutcome.Succeeded, (await AskAsync(endpoint)).Outcome);

            // The first of every five calls starts a fetch, on a thread of its own. It logs its end.
            await Eventually.UntilAsync(() => _logs.Messages.Count(message => message.EventName == "DiscoveryRenewalFailed") >= 1 + (minute / 5));
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(1 + 12, _provider.Requests.Count(request => request == Document));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_endpoint_that_moved_is_found_by_the_next_attempt(bool isBehindProxy)
    {
        var endpoint = Endpoint();
        await AskAsync(endpoint);
        _provider.Answers[Token] = () => isBehindProxy
            ? throw new HttpRequestException(HttpRequestError.ProxyTunnelError, "502")
            : new HttpResponseMessage(HttpStatusCode.NotFound);
        _provider.Answers[Document] = () => Json(DocumentOf(Issuer, Issuer + "/new"));
        _provider.Answers[Issuer + "/new"] = () => Json("""{"access_token":"a3","token_type":"Bearer"}""");

        Assert.Equal(TokenEndpointOutcome.Transient, (await AskAsync(endpoint)).Outcome);
        Assert.Equal("a3", (await AskAsync(endpoint)).Tokens!.AccessToken);
    }

    [Fact]
    public async Task An_endpoint_that_stays_missing_costs_one_fetch_in_five_minutes()
    {
        _provider.Answers[Token] = () => new HttpResponseMessage(HttpStatusCode.NotFound);
        var endpoint = Endpoint();

        for (var second = 0; second < 299; second++)
        {
            await AskAsync(endpoint);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(2, _provider.Requests.Count(request => request == Document));
        _time.Advance(TimeSpan.FromSeconds(2));
        await AskAsync(endpoint);
        await AskAsync(endpoint);
        Assert.Equal(3, _provider.Requests.Count(request => request == Document));
    }

    [Fact]
    public async Task An_answer_that_isnt_about_the_address_fetches_nothing()
    {
        _provider.Answers[Token] = () => new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
        var endpoint = Endpoint();

        await AskAsync(endpoint);
        await AskAsync(endpoint);

        Assert.Single(_provider.Requests, Document);
    }

    [Theory]
    [InlineData(",\"revocation_endpoint\":\"https://login.example.com/revoke\"", true)]
    [InlineData("", false)]
    [InlineData(",\"revocation_endpoint\":\"http://login.example.com/revoke\"", false)]
    public async Task The_revocation_endpoint_comes_from_the_document_too(string member, bool isRevoked)
    {
        _provider.Answers[Document] = () => Json($$"""{"issuer":"{{Issuer}}","token_endpoint":"{{Token}}"{{member}}}""");
        _provider.Answers[Issuer + "/revoke"] = () => new HttpResponseMessage();
        var options = Options(Issuer);

        var result = await TokenRevocation.For(options, () => _client, Discovery(options))!.RevokeAsync(new TokenSet("a", "r"), default);

        Assert.Equal(new RevocationResult(isRevoked, null), result);
        Assert.Equal(isRevoked, _provider.Requests.Contains(Issuer + "/revoke"));
    }

    public void Dispose()
    {
        _client.Dispose();
        _provider.Dispose();
    }

    private static HttpResponseMessage Json(string body) => new() { Content = new StringContent(body, Encoding.UTF8, "application/json") };

    private static string DocumentOf(string issuer, string token) => $$"""{"issuer":"{{issuer}}","token_endpoint":"{{token}}"}""";

    private static TokenRefreshOptions Options(string issuer) => new() { Issuer = new Uri(issuer), ClientId = "shop" };

    private static Task<TokenEndpointResult> AskAsync(HttpTokenEndpoint endpoint, CancellationToken cancellationToken = default) =>
        endpoint.RequestTokenAsync(new TokenEndpointRequest(new TokenSessionKey("orders"), "r1", scope: null), cancellationToken);

    private HttpTokenEndpoint Endpoint(string issuer = Issuer, Action<TokenRefreshOptions>? configure = null)
    {
        var options = Options(issuer);
        configure?.Invoke(options);
        return new HttpTokenEndpoint(options, () => _client, Discovery(options), _time);
    }

    private Discovery Discovery(TokenRefreshOptions options) => new(options, () => _client, _time, _logs.CreateLogger(""), "orders");

    private sealed class Provider : HttpMessageHandler
    {
        private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Dictionary<string, Func<HttpResponseMessage>> Answers { get; } = [];

        public ConcurrentQueue<string> Requests { get; } = new();

        public Task Arrived => _arrived.Task;

        /// <summary>The answer to every request, when it comes.</summary>
        public Task<HttpResponseMessage>? Hang { get; set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests.Enqueue(request.RequestUri!.AbsoluteUri);
            _arrived.TrySetResult();
            return Hang
                ?? Task.FromResult(Answers.TryGetValue(request.RequestUri.AbsoluteUri, out var answer) ? answer() : new HttpResponseMessage(HttpStatusCode.NotFound));
        }
    }
}

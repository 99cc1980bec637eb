using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>The platform follows redirects below the handler, over real sockets: no token goes along, and no refresh follows.</summary>
[Trait("Case", "C39")]
public sealed class RedirectTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly FakeTokenServer _tokens;
    private readonly LoopbackServer _foreign;
    private int _foreignStatus = 401;

    public RedirectTests()
    {
        _tokens = new FakeTokenServer(_time);
        _foreign = new LoopbackServer(_ => LoopbackServer.Response(_foreignStatus));
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_401_from_a_foreign_redirects_target_is_the_callers(int status)
    {
        await using var api = new LoopbackServer(_ => LoopbackServer.Response(status, "", $"Location: {_foreign.Url}elsewhere"));
        using var client = await ClientOfAsync(api);

        using var response = await client.GetAsync(new Uri(api.Url, "me"));

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Contains("Bearer access-1", Assert.Single(api.Received), StringComparison.Ordinal);
        AssertNothingWentThere(1);
        Assert.Equal(0, _tokens.Calls);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task The_fresh_token_doesnt_follow_a_redirect_either(int status)
    {
        await using var api = new LoopbackServer(request => request.Contains("access-1", StringComparison.Ordinal)
            ? LoopbackServer.Response(401)
            : LoopbackServer.Response(status, "", $"Location: {_foreign.Url}elsewhere"));
        using var client = await ClientOfAsync(api);

        using var content = new StringContent("{}");
        using var response = await client.PostAsync(new Uri(api.Url, "me"), content);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(2, api.Received.Count);
        Assert.Contains("Bearer access-2", api.Received[1], StringComparison.Ordinal);
        AssertNothingWentThere(1);
        Assert.Equal(1, _tokens.Calls);
    }

    [Fact]
    public async Task A_foreign_redirect_that_ends_well_leaves_the_answer_alone()
    {
        _foreignStatus = 200;
        await using var api = new LoopbackServer(_ => LoopbackServer.Response(302, "", $"Location: {_foreign.Url}elsewhere"));
        using var client = await ClientOfAsync(api);

        using var response = await client.GetAsync(new Uri(api.Url, "me"));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        AssertNothingWentThere(1);
    }

    [Fact]
    public async Task A_redirect_to_the_same_origin_gets_no_token_and_its_401_no_refresh()
    {
        LoopbackServer? api = null;
        api = new LoopbackServer(request => request.StartsWith("GET /me ", StringComparison.Ordinal)
            ? LoopbackServer.Response(302, "", "Location: /other")
            : LoopbackServer.Response(401));
        await using var disposing = api;
        using var client = await ClientOfAsync(api);

        using var response = await client.GetAsync(new Uri(api.Url, "me"));

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(2, api.Received.Count);
        Assert.DoesNotContain("Authorization", api.Received[1], StringComparison.OrdinalIgnoreCase);
        Assert.Equal(0, _tokens.Calls);
    }

    [Fact]
    [Trait("Case", "B56")]
    public async Task A_redirect_to_the_same_address_with_a_slash_leaves_a_line_that_says_what_to_do()
    {
        LoopbackServer? api = null;
        api = new LoopbackServer(request => request.StartsWith("GET /orders?", StringComparison.Ordinal)
            ? LoopbackServer.Response(301, "", "Location: /orders/")
            : LoopbackServer.Response(401));
        await using var disposing = api;
        using var log = new CapturingLoggerProvider();
        using var loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log));
        using var client = await ClientOfAsync(api, loggers: loggers);

        using var response = await client.GetAsync(new Uri(api.Url, "orders?key=secret-query"));

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(0, _tokens.Calls);
        var line = Assert.Single(log.Messages, message => message.EventName == "RejectionReturned");
        Assert.Equal(LogLevel.Debug, line.Level);
        Assert.Contains("redirect", line.Text, StringComparison.Ordinal);
        Assert.Contains("slash", line.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", line.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_foreign_server_that_redirects_to_the_API_gets_no_token_sent_there()
    {
        await using var api = new LoopbackServer(_ => LoopbackServer.Response(401));
        await using var start = new LoopbackServer(_ => LoopbackServer.Response(302, "", $"Location: {api.Url}me"));
        using var client = await ClientOfAsync(api);

        using var response = await client.GetAsync(start.Url);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.DoesNotContain("access", Assert.Single(start.Received), StringComparison.Ordinal);
        Assert.DoesNotContain("access", Assert.Single(api.Received), StringComparison.Ordinal);
        Assert.Equal(0, _tokens.Calls);
    }

    [Fact]
    public async Task A_follower_of_the_users_own_that_keeps_the_header_causes_no_refresh_and_no_second_send()
    {
        await using var api = new LoopbackServer(_ => LoopbackServer.Response(302, "", $"Location: {_foreign.Url}elsewhere"));
        using var client = await ClientOfAsync(api, new CarelessFollower());

        using var response = await client.GetAsync(new Uri(api.Url, "me"));

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Single(api.Received);
        Assert.Single(_foreign.Received);
        Assert.Equal(0, _tokens.Calls);
    }

    public async ValueTask DisposeAsync()
    {
        await _foreign.DisposeAsync();
        _tokens.Dispose();
    }

    private async Task<HttpClient> ClientOfAsync(LoopbackServer api, DelegatingHandler? between = null, ILoggerFactory? loggers = null)
    {
        var options = new TokenRefreshOptions { TokenEndpoint = new Uri("https://login.example.com/token"), ClientId = "shop" };
        options.AllowedOrigins.Add(api.Url);
        var session = TokenSession.Create(options, new TokenSessionSettings { TimeProvider = _time, TokenEndpointHandler = _tokens, LoggerFactory = loggers });
        await session.SignInAsync(_tokens.Issue());
        HttpMessageHandler inner = new SocketsHttpHandler { AllowAutoRedirect = between is null };
        if (between is not null)
        {
            between.InnerHandler = inner;
            inner = between;
        }

        return new HttpClient(new TokenRefreshHandler(session) { InnerHandler = inner });
    }

    private void AssertNothingWentThere(int requests)
    {
        Assert.Equal(requests, _foreign.Received.Count);
        Assert.All(_foreign.Received, request => Assert.DoesNotContain("Authorization", request, StringComparison.OrdinalIgnoreCase));
        Assert.All(_foreign.Received, request => Assert.DoesNotContain("access-", request, StringComparison.Ordinal));
    }

    private sealed class CarelessFollower : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            using var second = new HttpRequestMessage(request.Method, response.Headers.Location);
            second.Headers.TryAddWithoutValidation("Authorization", request.Headers.NonValidated["Authorization"].ToString());
            return await base.SendAsync(second, cancellationToken);
        }
    }
}

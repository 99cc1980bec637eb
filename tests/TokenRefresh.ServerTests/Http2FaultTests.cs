using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace TokenRefresh.ServerTests;

/// <summary>Kestrel over HTTP/2 resets streams and closes connections, during the token call and during a call of the API.</summary>
[Trait("Case", "C29")]
public sealed class Http2FaultTests : IAsyncLifetime
{
    private const int RefusedStream = 7;
    private const int Cancel = 8;
    private const int InternalError = 2;

    private readonly FakeTokenServer _tokens = new(TimeProvider.System, TokenServerMode.ReuseWithinGracePeriod);
    private readonly ConcurrentQueue<string> _presented = new();
    private readonly ConcurrentQueue<string> _calls = new();
    private readonly ConcurrentQueue<Action<HttpContext>> _tokenFaults = new();
    private readonly ConcurrentQueue<Action<HttpContext>> _apiFaults = new();
    private WebApplication _server = null!;
    private TokenSession _session = null!;
    private HttpClient _client = null!;
    private HttpMessageInvoker _memory = null!;

    public async ValueTask InitializeAsync()
    {
        _server = Http2.CreateServer();
        _server.MapPost("/token", TokenAsync);
        _server.MapPost("/orders", OrdersAsync);
        await _server.StartAsync();
        var address = new Uri(_server.Urls.Single());
        _memory = new HttpMessageInvoker(_tokens, disposeHandler: false);

        var options = new TokenRefreshOptions { TokenEndpoint = new Uri(address, "token"), ClientId = "shop", AllowedOrigins = { address } };
        _session = TokenSession.Create(options, new TokenSessionSettings { TokenEndpointHandler = new OverHttp2 { InnerHandler = new SocketsHttpHandler() } });
        await _session.SignInAsync(_tokens.Issue());
        _client = Http2.CreateClient(_session, address);
    }

    [Theory]
    [InlineData(RefusedStream)]
    [InlineData(Cancel)]
    [InlineData(InternalError)]
    public async Task A_reset_of_one_token_call_is_survived(int code)
    {
        _tokens.ExpireAccessTokens();
        _tokenFaults.Enqueue(context => Reset(context, code));

        using var response = await PostAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["refresh-1", "refresh-1"], _presented);
    }

    [Theory]
    [InlineData(RefusedStream, ReLoginReason.Rejected)]
    [InlineData(Cancel, ReLoginReason.LostRotation)]
    [InlineData(InternalError, ReLoginReason.LostRotation)]
    public async Task Only_a_refused_stream_leaves_the_refresh_token_surely_unused(int code, ReLoginReason reason)
    {
        var ended = new TaskCompletionSource<ReLoginReason>();
        _session.ReLoginRequired += (_, e) => ended.SetResult(e.Reason);
        for (var i = 0; i < 100; i++)
        {
            _tokenFaults.Enqueue(context => Reset(context, code));
        }

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => _session.RefreshAsync());
        _tokenFaults.Clear();
        _tokens.RespondOnce(HttpStatusCode.BadRequest, """{"error":"invalid_grant"}""");
        await Assert.ThrowsAsync<TokenRefreshException>(() => _session.RefreshAsync());

        Assert.True(failure.IsTransient);
        Assert.Equal(reason, await ended.Task.WaitAsync(Gate.FailSafe, TimeProvider.System));
    }

    [Fact]
    public async Task A_connection_that_closes_gracefully_during_the_token_call_loses_nothing()
    {
        _tokens.ExpireAccessTokens();
        _tokenFaults.Enqueue(context => context.Features.Get<IConnectionLifetimeNotificationFeature>()!.RequestClose());

        using var response = await PostAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["refresh-1"], _presented);
    }

    [Fact]
    public async Task A_refused_stream_of_the_API_is_sent_again_with_the_same_token()
    {
        _apiFaults.Enqueue(context => Reset(context, RefusedStream));

        using var response = await PostAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["access-1", "access-1"], _calls);
        Assert.Empty(_presented);
    }

    [Theory]
    [InlineData(Cancel)]
    [InlineData(InternalError)]
    public async Task Another_reset_of_the_API_is_the_callers(int code)
    {
        _apiFaults.Enqueue(context => Reset(context, code));

        await Assert.ThrowsAsync<HttpRequestException>(PostAsync);

        Assert.Equal(["access-1"], _calls);
        Assert.Empty(_presented);
    }

    [Fact]
    public async Task A_connection_that_closes_gracefully_with_its_401_is_left_and_the_request_is_resent()
    {
        _tokens.ExpireAccessTokens();
        _apiFaults.Enqueue(context => context.Features.Get<IConnectionLifetimeNotificationFeature>()!.RequestClose());

        using var response = await PostAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["access-1", "access-2"], _calls);
        Assert.Equal(["refresh-1"], _presented);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _session.DisposeAsync();
        await _server.DisposeAsync();
        _memory.Dispose();
        _tokens.Dispose();
    }

    private Task<HttpResponseMessage> PostAsync() =>
        _client.PostAsync(new Uri("orders", UriKind.Relative), new StringContent("order")).WaitAsync(Gate.FailSafe, TimeProvider.System);

    private static void Reset(HttpContext context, int code)
    {
        context.Features.Get<IHttpResetFeature>()!.Reset(code);
        throw new OperationCanceledException();
    }

    private async Task TokenAsync(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync();
        _presented.Enqueue(form["refresh_token"].Single()!);
        if (_tokenFaults.TryDequeue(out var fault))
        {
            fault(context);
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, "https://login.example.com/token")
        {
            Content = new FormUrlEncodedContent(form.Select(field => KeyValuePair.Create(field.Key, field.Value.Single()!))),
        };
        using var response = await _memory.SendAsync(request, CancellationToken.None);
        context.Response.StatusCode = (int)response.StatusCode;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(await response.Content.ReadAsStringAsync());
    }

    private async Task OrdersAsync(HttpContext context)
    {
        var token = context.Request.Headers.Authorization.ToString()["Bearer ".Length..];
        _calls.Enqueue(token);
        await context.Request.Body.CopyToAsync(Stream.Null);
        if (_apiFaults.TryDequeue(out var fault))
        {
            fault(context);
        }

        context.Response.StatusCode = _tokens.Accepts(token) ? 200 : 401;
    }

    private sealed class OverHttp2 : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Version = HttpVersion.Version20;
            request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
            return base.SendAsync(request, cancellationToken);
        }
    }
}

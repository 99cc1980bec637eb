using System.Net;
using System.Text;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>The 401 of a held request pins no connection, blocks no caller, and reaches the caller whole.</summary>
public sealed class HeldRequestTests
{
    private static readonly Uri Me = new("me", UriKind.Relative);
    private const string Unauthorized = "HTTP/1.1 401 Unauthorized\r\nContent-Type: text/plain\r\n";

    [Fact]
    [Trait("Case", "C27")]
    public async Task What_was_buffered_of_a_held_401_is_disposed_of()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var body = new WatchedContent();
        app.Api.Answer(request => request.Token == "access-1" ? new HttpResponseMessage(HttpStatusCode.Unauthorized) { Content = body } : null);

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(body.IsDisposed);
    }

    [Fact]
    [Trait("Case", "C27")]
    public async Task A_response_whose_verdict_throws_is_disposed_of()
    {
        await using var app = TestApp.Create(options => options.ShouldRefresh = _ => throw new InvalidOperationException("verdict"));
        await app.SignInAsync();
        var body = new WatchedContent();
        app.Api.Answer(_ => new HttpResponseMessage(HttpStatusCode.OK) { Content = body });

        await Assert.ThrowsAsync<InvalidOperationException>(() => app.GetAsync());

        Assert.True(body.IsDisposed);
    }

    [Theory]
    [Trait("Case", "C27")]
    [InlineData(64 * 1024)]
    [InlineData((64 * 1024) + 1)]
    [InlineData(200_000)]
    public async Task A_401_of_unknown_length_is_given_back_whole_however_long_it_is(int length)
    {
        var body = new byte[length];
        Random.Shared.NextBytes(body);
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        app.Tokens.RevokeRefreshTokens();
        app.Api.Answer(_ => new HttpResponseMessage(HttpStatusCode.Unauthorized) { Content = new StreamContent(new EndlessLooking(body)) });

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(body, await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    [Trait("Case", "C27")]
    public async Task A_401_whose_body_cant_be_opened_is_still_refreshed_and_resent()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        app.Api.Answer(request => request.Token == "access-1" ? new HttpResponseMessage(HttpStatusCode.Unauthorized) { Content = new SealedContent() } : null);

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["access-1", "access-2"], app.Api.Received.Select(request => request.Token));
    }

    [Theory]
    [Trait("Case", "C2")]
    [InlineData(HttpCompletionOption.ResponseContentRead)]
    [InlineData(HttpCompletionOption.ResponseHeadersRead)]
    public async Task A_401_whose_body_was_cut_is_given_back_with_what_came_and_the_cut(HttpCompletionOption completion)
    {
        await using var api = new LoopbackServer(_ => Unauthorized + "Content-Length: 100\r\n\r\npart");
        using var app = new SocketApp(api);
        app.Tokens.RevokeRefreshTokens();

        if (completion == HttpCompletionOption.ResponseContentRead)
        {
            await Assert.ThrowsAsync<HttpRequestException>(() => app.GetAsync(completion));
            return;
        }

        using var response = await app.GetAsync(completion);
        await using var body = await response.Content.ReadAsStreamAsync();
        var read = new byte[4];
        await body.ReadExactlyAsync(read);
        Assert.Equal("part", Encoding.ASCII.GetString(read));
        await Assert.ThrowsAnyAsync<IOException>(() => body.ReadAsync(read).AsTask());
    }

    [Theory]
    [Trait("Case", "B64")]
    [InlineData("ended login")]
    [InlineData("sign-out")]
    [InlineData("other login")]
    public async Task A_401_that_is_returned_doesnt_wait_for_the_rest_of_its_body(string reason)
    {
        var stall = new Gate();
        using var body = new ScriptedBody("{\"detail\":"u8.ToArray()) { Stall = stall };
        await using var app = TestApp.Create();
        await app.SignInAsync();
        var refresh = app.Tokens.Hold();
        app.Api.Answer(_ => new HttpResponseMessage(HttpStatusCode.Unauthorized) { Content = new StreamContent(body) });
        var request = app.Client.GetAsync(Me, HttpCompletionOption.ResponseHeadersRead);
        await refresh.ArrivedAsync(1);
        await stall.ArrivedAsync(1);

        if (reason == "ended login")
        {
            app.Tokens.RevokeRefreshTokens();
            app.Tokens.Release();
        }
        else if (reason == "sign-out")
        {
            await app.Session.SignOutAsync();
        }
        else
        {
            await app.SignInAsync();
        }

        using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);
        var reading = response.Content.ReadAsStringAsync();
        stall.Open();

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("{\"detail\":", await reading);
        Assert.Null(body.Misuse);
    }

    [Fact]
    [Trait("Case", "A9")]
    public async Task The_body_of_a_401_that_stalls_doesnt_delay_the_second_send()
    {
        var stall = new Gate();
        using var body = new ScriptedBody("{"u8.ToArray()) { Stall = stall };
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Api.Answer(request => request.Token == "access-1" ? new HttpResponseMessage(HttpStatusCode.Unauthorized) { Content = new StreamContent(body) } : null);

        using var response = await app.GetAsync().WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await body.Disposal.WaitAsync(Gate.FailSafe, TimeProvider.System);
        Assert.Null(body.Misuse);
    }

    [Theory]
    [Trait("Case", "C19")]
    [InlineData(HttpCompletionOption.ResponseContentRead)]
    [InlineData(HttpCompletionOption.ResponseHeadersRead)]
    public async Task A_caller_of_a_401_whose_body_never_ends_gets_it_or_leaves_at_once(HttpCompletionOption completion)
    {
        var sent = new Gate();
        await using var api = new LoopbackServer(async (_, stream, ct) =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(Unauthorized + "Content-Length: 100\r\n\r\npart"), ct);
            await sent.PassAsync(ct);
        });
        using var app = new SocketApp(api);
        var dead = new Gate();
        app.Session.ReLoginRequired += (_, _) => _ = dead.PassAsync();
        app.Tokens.RevokeRefreshTokens();
        using var cancellation = new CancellationTokenSource();
        var request = app.GetAsync(completion, cancellation.Token);
        await dead.ArrivedAsync(1);

        if (completion == HttpCompletionOption.ResponseHeadersRead)
        {
            using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        }
        else
        {
            // The platform itself reads the body before it returns.
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request.WaitAsync(Gate.FailSafe, TimeProvider.System));
        }

        sent.Open();
    }

    [Fact]
    [Trait("Case", "C28")]
    public async Task A_401_that_starts_no_refresh_reaches_the_caller_with_its_body_unread()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        await app.Session.RefreshAsync();
        app.Api.Answer(_ => new HttpResponseMessage(HttpStatusCode.Unauthorized) { Content = new StreamContent(new EndlessWait()) });

        using var response = await app.Client.GetAsync(new Uri("me", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead)
            .WaitAsync(Gate.FailSafe, TimeProvider.System);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    private sealed class EndlessLooking(byte[] body) : MemoryStream(body)
    {
        public override bool CanSeek => false;
    }

    private sealed class SealedContent : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => throw new IOException("The seal is broken.");

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    private sealed class WatchedContent : HttpContent
    {
        public bool IsDisposed { get; private set; }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => stream.WriteAsync("why"u8.ToArray()).AsTask();

        protected override bool TryComputeLength(out long length)
        {
            length = 3;
            return true;
        }

        protected override void Dispose(bool disposing)
        {
            IsDisposed = true;
            base.Dispose(disposing);
        }
    }

    /// <summary>Signed in with access-1, at an API on a socket.</summary>
    private sealed class SocketApp : IDisposable
    {
        private readonly HttpClient _client;

        public SocketApp(LoopbackServer api)
        {
            Tokens = new FakeTokenServer(TimeProvider.System);
            Session = TokenSession.Create(
                new TokenRefreshOptions { TokenEndpoint = new Uri("https://login.example.com/token"), ClientId = "shop", AllowedOrigins = { api.Url } }, new TokenSessionSettings
                {
                    TokenEndpointHandler = Tokens,
                });
            Session.SignInAsync(Tokens.Issue()).GetAwaiter().GetResult();
            _client = new HttpClient(new TokenRefreshHandler(Session) { InnerHandler = new SocketsHttpHandler() }) { BaseAddress = api.Url };
        }

        public FakeTokenServer Tokens { get; }

        public TokenSession Session { get; }

        public Task<HttpResponseMessage> GetAsync(
            HttpCompletionOption completion = HttpCompletionOption.ResponseContentRead, CancellationToken cancellationToken = default) =>
            _client.GetAsync(new Uri("me", UriKind.Relative), completion, cancellationToken);

        public void Dispose()
        {
            _client.Dispose();
            Session.Dispose();
            Tokens.Dispose();
        }
    }

    /// <summary>A body that never comes.</summary>
    private sealed class EndlessWait : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return 0;
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}

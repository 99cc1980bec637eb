using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Sockets;

/// <summary>
/// A server that answers 401 and closes the connection before it has read an upload of 16 MB, as docs/failures.md says of large uploads.
/// </summary>
[Trait("Case", "B61")]
public sealed class LargeUploadTests : IAsyncLifetime
{
    private const int Length = 16 * 1024 * 1024;

    private readonly FakeTokenServer _tokens = new();
    private readonly HastyServer _server;
    private TokenSession _session = null!;
    private HttpClient _client = null!;

    public LargeUploadTests() => _server = new HastyServer(_tokens.Accepts);

    public async ValueTask InitializeAsync()
    {
        var options = new TokenRefreshOptions
        {
            TokenEndpoint = new Uri("https://login.example.com/token"),
            ClientId = "shop",
            AllowedOrigins = { _server.Url },
        };
        _session = TokenSession.Create(options, new TokenSessionSettings { TokenEndpointHandler = _tokens });
        await _session.SignInAsync(_tokens.Issue());
        _tokens.ExpireAccessTokens();

        // The platform waits one second for the server's answer, and then sends the body.
        var sockets = new SocketsHttpHandler { Expect100ContinueTimeout = Gate.FailSafe };
        _client = new HttpClient(new TokenRefreshHandler(_session) { InnerHandler = sockets });
    }

    [Fact]
    public async Task Without_Expect_the_platform_throws_and_no_handler_sees_the_401()
    {
        using var request = Upload();

        await Assert.ThrowsAsync<HttpRequestException>(() => _client.SendAsync(request).WaitAsync(Gate.FailSafe, TimeProvider.System));

        Assert.Equal(["access-1"], _server.Tokens);
        Assert.Equal(0, _tokens.Calls);
    }

    [Fact]
    public async Task With_Expect_100_continue_the_token_is_rejected_before_the_body_and_the_upload_succeeds()
    {
        using var request = Upload();
        request.Headers.ExpectContinue = true;

        using var response = await _client.SendAsync(request).WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(Length.ToString(CultureInfo.InvariantCulture), await response.Content.ReadAsStringAsync());
        Assert.Equal(["access-1", "access-2"], _server.Tokens);
        Assert.Equal(1, _tokens.Calls);
    }

    [Fact]
    public async Task With_Expect_100_continue_a_stream_that_can_be_read_once_is_still_whole_and_the_upload_succeeds()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _server.Url) { Content = new StreamContent(new OneShotStream(new byte[Length])) };
        request.Content.Headers.ContentLength = Length;
        request.Headers.ExpectContinue = true;

        using var response = await _client.SendAsync(request).WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(Length.ToString(CultureInfo.InvariantCulture), await response.Content.ReadAsStringAsync());
        Assert.Equal(["access-1", "access-2"], _server.Tokens);
        Assert.Equal(1, _tokens.Calls);
    }

    [Fact]
    public async Task Content_that_an_inner_handler_wraps_is_not_read_before_the_server_has_the_new_token()
    {
        var stream = new OneShotStream(new byte[Length]);
        var tokens = Array.Empty<string>();
        stream.BeforeFirstRead = () => tokens = _server.Tokens;
        using var client = new HttpClient(new TokenRefreshHandler(_session) { InnerHandler = new Wrapping { InnerHandler = new SocketsHttpHandler { Expect100ContinueTimeout = Gate.FailSafe } } });
        using var request = new HttpRequestMessage(HttpMethod.Post, _server.Url) { Content = new StreamContent(stream) };
        request.Content.Headers.ContentLength = Length;
        request.Headers.ExpectContinue = true;

        using var response = await client.SendAsync(request).WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["access-1", "access-2"], tokens);
        Assert.Equal(1, _tokens.Calls);
    }

    [Fact]
    public async Task Content_that_an_inner_handler_opens_as_a_stream_is_not_read_into_memory()
    {
        var isRead = false;
        var stream = new OneShotStream(new byte[Length]) { BeforeFirstRead = () => isRead = true };
        using var client = new HttpClient(new TokenRefreshHandler(_session) { InnerHandler = new Opening { InnerHandler = new SocketsHttpHandler { Expect100ContinueTimeout = Gate.FailSafe } } });
        using var request = new HttpRequestMessage(HttpMethod.Post, _server.Url) { Content = new StreamContent(stream) };
        request.Content.Headers.ContentLength = Length;
        request.Headers.ExpectContinue = true;

        using var response = await client.SendAsync(request).WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal((HttpStatusCode.Unauthorized, TokenRefreshOutcome.NotReplayable), (response.StatusCode, response.GetTokenRefreshOutcome()));
        Assert.False(isRead);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _session.DisposeAsync();
        await _server.DisposeAsync();
        _tokens.Dispose();
    }

    private HttpRequestMessage Upload() => new(HttpMethod.Post, _server.Url) { Content = new ByteArrayContent(new byte[Length]) };

    private sealed class OneShotStream(byte[] bytes) : MemoryStream(bytes)
    {
        public Action? BeforeFirstRead { get; set; }

        public override bool CanSeek => false;

        public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
        {
            NoteRead();
            return base.CopyToAsync(destination, bufferSize, cancellationToken);
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            NoteRead();
            return base.ReadAsync(buffer, cancellationToken);
        }

        private void NoteRead()
        {
            BeforeFirstRead?.Invoke();
            BeforeFirstRead = null;
        }
    }

    private sealed class Opening : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Content = new StreamContent(await request.Content!.ReadAsStreamAsync(cancellationToken)) { Headers = { ContentLength = Length } };
            return await base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class Wrapping : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Content = new Wrapper(request.Content!);
            return base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class Wrapper(HttpContent content) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => content.CopyToAsync(stream, context);

        protected override bool TryComputeLength(out long length)
        {
            length = Length;
            return true;
        }
    }

    /// <summary>Reads the head of a request. It reads the body of a request with a good token, and no other.</summary>
    private sealed class HastyServer : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Func<string, bool> _accepts;
        private readonly System.Collections.Concurrent.ConcurrentQueue<string> _tokens = new();
        private readonly Task _serving;

        public HastyServer(Func<string, bool> accepts)
        {
            _accepts = accepts;
            _listener.Start();
            _serving = ServeAsync();
        }

        public Uri Url => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

        public string[] Tokens => [.. _tokens];

        public async ValueTask DisposeAsync()
        {
            _listener.Stop();
            await _serving;
        }

        private async Task ServeAsync()
        {
            while (true)
            {
                try
                {
                    using var client = await _listener.AcceptTcpClientAsync();
                    await AnswerAsync(client.GetStream());
                }
                catch (IOException)
                {
                    // The client has gone.
                }
                catch (Exception e) when (e is SocketException or InvalidOperationException)
                {
                    return;
                }
            }
        }

        private async Task AnswerAsync(NetworkStream stream)
        {
            var (head, body) = await ReadHeadAsync(stream);
            var token = ValueOf(head, "Authorization")["Bearer ".Length..];
            _tokens.Enqueue(token);
            if (!_accepts(token))
            {
                await WriteAsync(stream, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                return;
            }

            if (head.Contains("Expect: 100-continue", StringComparison.OrdinalIgnoreCase))
            {
                await WriteAsync(stream, "HTTP/1.1 100 Continue\r\n\r\n");
            }

            var received = body;
            var buffer = new byte[64 * 1024];
            while (received < Length && await stream.ReadAsync(buffer) is var count and > 0)
            {
                received += count;
            }

            var text = received.ToString(CultureInfo.InvariantCulture);
            await WriteAsync(stream, $"HTTP/1.1 200 OK\r\nContent-Length: {text.Length}\r\nConnection: close\r\n\r\n{text}");
        }

        /// <returns>The head, and how much of the body came with it.</returns>
        private static async Task<(string Head, int Body)> ReadHeadAsync(NetworkStream stream)
        {
            var text = "";
            var buffer = new byte[4096];
            int end;
            while ((end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal)) < 0)
            {
                var count = await stream.ReadAsync(buffer);
                text += count > 0 ? Encoding.Latin1.GetString(buffer, 0, count) : throw new IOException("The client has gone.");
            }

            return (text[..end], text.Length - end - 4);
        }

        private static string ValueOf(string head, string name) =>
            head.Split("\r\n").Single(line => line.StartsWith(name + ": ", StringComparison.OrdinalIgnoreCase))[(name.Length + 2)..];

        private static Task WriteAsync(NetworkStream stream, string text) => stream.WriteAsync(Encoding.Latin1.GetBytes(text)).AsTask();
    }
}

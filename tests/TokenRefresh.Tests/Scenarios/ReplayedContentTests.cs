using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>Content that an inner handler replaced, disposed, or is still sending when the 401 arrives.</summary>
public sealed class ReplayedContentTests
{
    private static readonly Uri Orders = new("orders", UriKind.Relative);

    public static TheoryData<string, string> ReplacedContents
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var content in (string[])["string", "form", "json", "stream", "stream from its middle", "multipart", "memory", "own"])
            {
                foreach (var reading in (string[])["copied", "as bytes", "as a stream"])
                {
                    data.Add(content, reading);
                }
            }

            return data;
        }
    }

    [Theory]
    [Trait("Case", "A19")]
    [MemberData(nameof(ReplacedContents))]
    public async Task Content_that_an_inner_handler_compresses_is_compressed_anew_for_the_second_send(string content, string reading)
    {
        await using var app = Create(new Compressing(reading));
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        using var expected = Make(content);
        var bytes = await expected.ReadAsByteArrayAsync();

        using var response = await app.Client.PostAsync(Orders, Make(content));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["access-1", "access-2"], app.Api.Received.Select(request => request.Token));
        Assert.All(app.Api.Received, request => Assert.Equal(bytes, Decompress(request.Body)));
    }

    [Fact]
    [Trait("Case", "A19")]
    public async Task Content_that_an_inner_handler_takes_away_is_never_sent_again_as_nothing()
    {
        await using var app = Create(new Interfering(request => request.Content = null));
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();

        using var response = await app.Client.PostAsync(Orders, new StringContent("payload"));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.All(app.Api.Received, request => Assert.Equal("payload", Encoding.UTF8.GetString(request.Body)));
        Assert.Equal(2, app.Api.Calls);
    }

    [Fact]
    [Trait("Case", "A19")]
    public async Task One_shot_content_stays_one_shot_whatever_an_inner_handler_puts_in_its_place()
    {
        await using var app = Create(new Compressing("copied"));
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        using var stream = new ScriptedBody("payload"u8.ToArray());

        using var response = await app.Client.PostAsync(Orders, new StreamContent(stream));

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Single(app.Api.Received);
    }

    [Theory]
    [Trait("Case", "A26")]
    [InlineData("string")]
    [InlineData("form")]
    [InlineData("json")]
    [InlineData("stream")]
    [InlineData("multipart")]
    [InlineData("multipart of JSON")]
    [InlineData("memory")]
    [InlineData("own")]
    public async Task Content_that_an_inner_handler_disposes_leaves_the_caller_its_401(string content)
    {
        await using var app = Create(new Interfering(request => request.Content!.Dispose()));
        await app.SignInAsync();
        app.Api.Answer(request => request.Token == "access-1"
            ? new HttpResponseMessage(HttpStatusCode.Unauthorized) { Content = new StringContent("why") }
            : null);

        using var response = await app.Client.PostAsync(Orders, Make(content));
        using var next = await app.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("why", await response.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
        Assert.Equal(1, app.Tokens.Calls);
    }

    [Theory]
    [Trait("Case", "A19")]
    [InlineData(null)]
    [InlineData("string")]
    [InlineData("stream")]
    public async Task An_address_that_an_inner_handler_changes_is_changed_anew_for_the_second_send(string? content)
    {
        await using var app = Create(new Versioning());
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        using var request = new HttpRequestMessage(HttpMethod.Post, Orders) { Content = content is null ? null : Make(content) };

        using var response = await app.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, app.Api.Calls);
        Assert.All(app.Api.Received, received => Assert.Equal("https://api.example.com/v1/orders?version=1", received.Uri.AbsoluteUri));
    }

    [Theory]
    [Trait("Case", "A26")]
    [InlineData(HttpStatusCode.Unauthorized)]
    [InlineData(HttpStatusCode.Forbidden)]
    public async Task A_rejection_whose_content_an_inner_handler_disposes_is_handled_by_its_status(HttpStatusCode status)
    {
        await using var app = TestApp.Create(mode: TokenServerMode.SimpleJwt);
        await app.SignInAsync();
        app.Api.Answer(request =>
        {
            if (request.Token != "access-1")
            {
                return null;
            }

            var response = new HttpResponseMessage(status) { Content = new StreamContent(new MemoryStream([1])) };
            response.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
            response.Content.Dispose();
            return response;
        });

        using var response = await app.Client.GetAsync(Orders, HttpCompletionOption.ResponseHeadersRead);

        // Of a 403 only the body says what it means, and there is none.
        Assert.Equal(status == HttpStatusCode.Forbidden ? status : HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(status == HttpStatusCode.Forbidden ? 0 : 1, app.Tokens.Calls);
    }

    [Fact]
    [Trait("Case", "A26")]
    public async Task Content_that_says_whether_it_can_be_replayed_by_an_exception_leaves_the_caller_its_401()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();

        using var response = await app.Client.PostAsync(Orders, new OwnContent { CanReplayThrows = true });

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Fact]
    [Trait("Case", "B69")]
    public async Task The_second_send_waits_until_the_first_has_let_go_of_the_content()
    {
        var gate = new Gate();
        var content = new OwnContent { Gate = gate };
        using var api = new DuplexApi();
        await using var app = Create(api);
        await AssertSecondSendWaitsAsync(app, api, content, gate);

        Assert.Equal(1, content.MostAtOnce);
    }

    [Fact]
    [Trait("Case", "B69")]
    public async Task The_message_of_a_grpc_call_is_never_written_by_two_sends_at_once()
    {
        var gate = new Gate();
        using var api = new DuplexApi();
        await using var app = Create(api);
        await AssertSecondSendWaitsAsync(app, api, new Grpc.Net.Client.Internal.PushUnaryContent<string, string>(gate), gate);

        Assert.Equal(["message", "message"], await Task.WhenAll(api.Uploads));
    }

    [Fact]
    [Trait("Case", "B69")]
    public async Task Content_that_the_first_send_doesnt_let_go_of_leaves_the_caller_its_401_after_two_seconds()
    {
        var gate = new Gate();
        var content = new OwnContent { Gate = gate };
        using var api = new DuplexApi();
        await using var app = Create(api);
        await app.SignInAsync();
        using var request = Post(content);
        var sending = await SendUntilRefreshedAsync(app, request);

        await Eventually.UntilAsync(() =>
        {
            app.Time.Advance(TimeSpan.FromMilliseconds(100));
            return sending.IsCompleted;
        });
        using var response = await sending;
        gate.Open();

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(1, api.Calls);
        Assert.Same(content, request.Content);
    }

    [Fact]
    [Trait("Case", "B69")]
    public async Task A_caller_that_cancels_while_the_first_send_holds_the_content_leaves_at_once()
    {
        var gate = new Gate();
        using var api = new DuplexApi();
        await using var app = Create(api);
        await app.SignInAsync();
        using var request = Post(new OwnContent { Gate = gate });
        using var cancellation = new CancellationTokenSource();
        var sending = await SendUntilRefreshedAsync(app, request, cancellation.Token);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending.WaitAsync(Gate.FailSafe, TimeProvider.System));
        gate.Open();
    }

    // The timer of Expect: 100-continue and the 401 race: the platform may begin to send the body after the response has arrived.
    [Fact]
    [Trait("Case", "B69")]
    public async Task Content_that_is_sent_again_unread_can_no_longer_be_read_by_the_first_send()
    {
        using var api = new LateReader();
        await using var app = Create(api);
        await app.SignInAsync();
        using var stream = new ScriptedBody("payload"u8.ToArray());
        using var request = new HttpRequestMessage(HttpMethod.Post, Orders) { Content = new StreamContent(stream) };
        request.Headers.ExpectContinue = true;
        var content = request.Content;

        using var response = await app.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("payload", api.Received);
        Assert.IsAssignableFrom<OperationCanceledException>(api.Failure);
        Assert.Same(content, request.Content);
    }

    [Fact]
    [Trait("Case", "B69")]
    public async Task The_second_send_waits_for_a_first_one_that_writes_without_awaiting()
    {
        var gate = new Gate();
        var content = new OwnContent { Gate = gate, BlocksItsThread = true };
        using var api = new DuplexApi { Begun = () => gate.ArrivedAsync(1) };
        await using var app = Create(api);
        await AssertSecondSendWaitsAsync(app, api, content, gate);

        Assert.Equal(1, content.MostAtOnce);
    }

    [Fact]
    [Trait("Case", "B69")]
    public async Task The_second_send_waits_for_every_attempt_that_an_inner_handler_made()
    {
        var gate = new Gate();
        using var api = new DuplexApi();
        await using var app = TestApp.Create(services: services =>
            services.AddHttpClient(TestApp.Name).AddHttpMessageHandler(() => new Twice()).ConfigurePrimaryHttpMessageHandler(() => api));
        await AssertSecondSendWaitsAsync(app, api, new OwnContent { Gate = gate }, gate, attempts: 2);
    }

    [Fact]
    [Trait("Case", "B69")]
    public async Task Content_that_is_buffered_needs_no_stand_in()
    {
        HttpContent? seen = null;
        await using var app = TestApp.Create(
            options => options.MaxReplayBufferSize = 1024,
            services: services => services.AddHttpClient(TestApp.Name).AddHttpMessageHandler(() => new Interfering(request => seen = request.Content)));
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        using var stream = new ScriptedBody("payload"u8.ToArray());
        using var request = new HttpRequestMessage(HttpMethod.Post, Orders) { Content = new StreamContent(stream) };
        request.Content.Headers.ContentLength = 7;
        request.Headers.ExpectContinue = true;
        var content = request.Content;

        using var response = await app.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Same(content, seen);
        Assert.All(app.Api.Received, received => Assert.Equal("payload", Encoding.UTF8.GetString(received.Body)));
        Assert.Equal(2, app.Api.Calls);
    }

    private static HttpRequestMessage Post(HttpContent content) => new(HttpMethod.Post, Orders) { Content = content, Version = HttpVersion.Version20 };

    private static TestApp Create(DelegatingHandler inner) => TestApp.Create(services: services =>
        services.AddHttpClient(TestApp.Name).AddHttpMessageHandler(() => inner));

    private static TestApp Create(HttpMessageHandler api) => TestApp.Create(services: services =>
        services.AddHttpClient(TestApp.Name).ConfigurePrimaryHttpMessageHandler(() => api));

    // The attempts with access-1 read the content until the gate opens. The second send comes after all of them.
    private static async Task AssertSecondSendWaitsAsync(TestApp app, DuplexApi api, HttpContent content, Gate gate, int attempts = 1)
    {
        await app.SignInAsync();
        using var request = Post(content);
        var sending = await SendUntilRefreshedAsync(app, request);
        for (var i = 0; i < 10_000; i++)
        {
            // Long enough for a second send to begin, if nothing held it back.
            await Task.Yield();
        }

        Assert.Equal(attempts, api.Calls);

        gate.Open();
        using var response = await sending.WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(attempts + 1, api.Calls);
        Assert.Same(content, request.Content);
    }

    // Returns the request after the refresh, while its first send still reads the content.
    private static async Task<Task<HttpResponseMessage>> SendUntilRefreshedAsync(
        TestApp app, HttpRequestMessage request, CancellationToken cancellationToken = default)
    {
        var refreshed = new Gate();
        app.Session.TokensRefreshed += (_, _) => _ = refreshed.PassAsync();
        var sending = app.Client.SendAsync(request, cancellationToken);
        await refreshed.ArrivedAsync(1);
        return sending;
    }

    private static HttpContent Make(string kind) => kind switch
    {
        "string" => new StringContent("héllo"),
        "form" => new FormUrlEncodedContent(new Dictionary<string, string> { ["a"] = "1" }),
        "json" => JsonContent.Create(new { Name = "Ada" }),
        "stream" => new StreamContent(new MemoryStream([1, 2, 3])),
        "stream from its middle" => new StreamContent(new MemoryStream([1, 2, 3, 4]) { Position = 2 }),
        "multipart" => new MultipartFormDataContent("fixed") { { new StringContent("x"), "field" }, { new StreamContent(new MemoryStream([1, 2])), "file" } },
        "multipart of JSON" => new MultipartFormDataContent("fixed") { { JsonContent.Create(1), "field" } },
        "memory" => new ReadOnlyMemoryContent(new byte[] { 7, 8, 9 }),
        "own" => new OwnContent(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    private static byte[] Decompress(byte[] bytes)
    {
        using var stream = new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress);
        using var read = new MemoryStream();
        stream.CopyTo(read);
        return read.ToArray();
    }

    private sealed class Compressing(string reading) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Content is { } content)
            {
                var compressed = new MemoryStream();
                await using (var gzip = new GZipStream(compressed, CompressionMode.Compress, leaveOpen: true))
                {
                    await CopyAsync(content, gzip, cancellationToken);
                }

                request.Content = new ByteArrayContent(compressed.ToArray());
            }

            return await base.SendAsync(request, cancellationToken);
        }

        private async Task CopyAsync(HttpContent content, Stream target, CancellationToken cancellationToken)
        {
            if (reading == "copied")
            {
                await content.CopyToAsync(target, cancellationToken);
            }
            else if (reading == "as bytes")
            {
                await target.WriteAsync(await content.ReadAsByteArrayAsync(cancellationToken), cancellationToken);
            }
            else
            {
                await (await content.ReadAsStreamAsync(cancellationToken)).CopyToAsync(target, cancellationToken);
            }
        }
    }

    /// <summary>Does something to the request after it has been sent.</summary>
    private sealed class Interfering(Action<HttpRequestMessage> interfere) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            if (request.Content is not null)
            {
                interfere(request);
            }

            return response;
        }
    }

    /// <summary>Sends a request with access-1 twice, as a retry does that doesn't wait for the end of the attempt before.</summary>
    private sealed class Twice : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Headers.Authorization!.Parameter == "access-1")
            {
                using var first = await base.SendAsync(request, cancellationToken);
            }

            return await base.SendAsync(request, cancellationToken);
        }
    }

    /// <summary>Adds the version to the address, and leaves it there.</summary>
    private sealed class Versioning : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.RequestUri = new Uri(request.RequestUri!, "v1" + request.RequestUri!.AbsolutePath + "?version=1");
            return base.SendAsync(request, cancellationToken);
        }
    }

    /// <summary>Answers as HTTP/2 does: the 401 for access-1 arrives while the content is still being read.</summary>
    private sealed class DuplexApi : HttpMessageHandler
    {
        private int _calls;

        public int Calls => Volatile.Read(ref _calls);

        public ConcurrentQueue<Task<string>> Uploads { get; } = new();

        /// <summary>Waits until the first send reads its content, on a thread of its own.</summary>
        public Func<Task>? Begun { get; init; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _calls);
            var isFirst = request.Headers.Authorization!.Parameter == "access-1";
            var upload = Begun is null
                ? ReadAsync(request.Content!)
                : Task.Run(() => ReadAsync(request.Content!), CancellationToken.None);
            Uploads.Enqueue(upload);
            await (isFirst ? Begun?.Invoke() ?? Task.CompletedTask : upload);

            return new HttpResponseMessage(isFirst ? HttpStatusCode.Unauthorized : HttpStatusCode.OK) { RequestMessage = request };
        }

        private static async Task<string> ReadAsync(HttpContent content)
        {
            using var body = new MemoryStream();
            await content.CopyToAsync(body, CancellationToken.None);
            return Encoding.UTF8.GetString(body.ToArray());
        }
    }

    /// <summary>Rejects access-1 unread, and reads the content of that first send only when the second one has arrived.</summary>
    private sealed class LateReader : HttpMessageHandler
    {
        private HttpContent? _first;

        public Exception? Failure { get; private set; }

        public string? Received { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (_first is null)
            {
                _first = request.Content;
                return new HttpResponseMessage(HttpStatusCode.Unauthorized) { RequestMessage = request };
            }

            Failure = await Record.ExceptionAsync(() => _first.CopyToAsync(Stream.Null, CancellationToken.None));
            Received = await request.Content!.ReadAsStringAsync(cancellationToken);
            return new HttpResponseMessage(HttpStatusCode.OK) { RequestMessage = request };
        }
    }

    private sealed class OwnContent : HttpContent, IReplayableContent
    {
        private int _atOnce;
        private int _reads;

        public bool CanReplay => CanReplayThrows ? throw new ObjectDisposedException("content") : true;

        public bool CanReplayThrows { get; init; }

        /// <summary>Holds the first read.</summary>
        public Gate? Gate { get; init; }

        public bool BlocksItsThread { get; init; }

        public int MostAtOnce { get; private set; }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            MostAtOnce = Math.Max(MostAtOnce, Interlocked.Increment(ref _atOnce));
            if (Interlocked.Increment(ref _reads) == 1 && Gate is not null)
            {
                var passing = Gate.PassAsync();
                if (BlocksItsThread)
                {
                    passing.GetAwaiter().GetResult();
                }

                await passing;
            }

            await stream.WriteAsync("own"u8.ToArray());
            Interlocked.Decrement(ref _atOnce);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 3;
            return true;
        }
    }
}

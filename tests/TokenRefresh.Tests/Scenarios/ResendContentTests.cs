using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Threading.Channels;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>The second send has the same content as the first.</summary>
public sealed class ResendContentTests
{
    public static TheoryData<string> Replayable => new("json", "string", "form", "bytes", "multipart", "multipart of streams", "seekable stream", "stream from its middle", "memory");

    [Theory]
    [Trait("Case", "C25")]
    [MemberData(nameof(Replayable))]
    public async Task The_same_bytes_and_headers_are_sent_again_and_only_the_token_differs(string kind)
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        using var request = new HttpRequestMessage(HttpMethod.Post, "orders?x=1") { Content = Make(kind) };
        request.Headers.Add("X-Trace", ["a", "b"]);

        using var response = await app.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var (first, second) = (app.Api.Received[0], app.Api.Received[1]);
        Assert.NotEmpty(first.Body);
        Assert.Equal(first.Body, second.Body);
        Assert.Equal(first.Method, second.Method);
        Assert.Equal(first.Uri, second.Uri);
        Assert.Equal(Without(first, "Authorization"), Without(second, "Authorization"));
        Assert.Equal(("access-1", "access-2"), (first.Token, second.Token));
    }

    [Fact]
    [Trait("Case", "C25")]
    public async Task Looking_whether_a_multipart_can_be_replayed_doesnt_change_its_bytes()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        using var untouched = Make("multipart of streams");
        var expected = await BytesOf(untouched);
        app.Tokens.ExpireAccessTokens();

        using var response = await app.Client.PostAsync(new Uri("files", UriKind.Relative), Make("multipart of streams"));

        Assert.All(app.Api.Received, request => Assert.Equal(expected, request.Body));
    }

    [Fact]
    [Trait("Case", "C26")]
    public async Task A_one_shot_stream_is_never_sent_twice_and_the_next_request_works()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        app.Api.Answer(request => request.Token == "access-1"
            ? new HttpResponseMessage(HttpStatusCode.Unauthorized) { Content = new StringContent("why") }
            : null);

        using var response = await app.Client.PostAsync(new Uri("upload", UriKind.Relative), OneShot());
        using var next = await app.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("why", await response.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
        Assert.Equal(1, app.Tokens.Calls);
        Assert.Single(app.Api.Received, request => request.Method == HttpMethod.Post);
    }

    [Fact]
    [Trait("Case", "C26")]
    public async Task The_401_of_a_one_shot_stream_starts_the_refresh_that_the_next_request_needs()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var raised = new Gate();
        app.Session.TokensRefreshed += (_, _) => _ = raised.PassAsync();

        using var response = await app.Client.PostAsync(new Uri("upload", UriKind.Relative), OneShot());
        await raised.ArrivedAsync(1);
        using var next = await app.GetAsync();

        Assert.Equal(["access-1", "access-2"], app.Api.Received.Select(request => request.Token));
    }

    [Fact]
    [Trait("Case", "C5")]
    public async Task The_401_of_a_one_shot_stream_that_comes_after_the_refresh_starts_no_other()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        var gate = app.Api.Hold();
        var post = app.Client.PostAsync(new Uri("upload", UriKind.Relative), OneShot());
        await gate.ArrivedAsync(1);
        app.Tokens.ExpireAccessTokens();
        await app.Session.RefreshAsync();

        app.Api.Release();
        using var response = await post;
        await app.Services.DisposeAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    [Trait("Case", "C13")]
    public async Task One_shot_streams_before_an_API_that_refuses_every_token_cause_one_refresh_per_interval()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        await app.Session.RefreshAsync();
        app.Api.RejectEverything();

        using var response = await app.Client.PostAsync(new Uri("upload", UriKind.Relative), OneShot());
        await app.Services.DisposeAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    [Trait("Case", "C25")]
    public async Task Json_of_a_plain_type_is_sent_again()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();

        using var response = await app.Client.PostAsync(new Uri("items", UriKind.Relative), JsonContent.Create(new Order(7)));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["""{"id":7}""", """{"id":7}"""], app.Api.Received.Select(request => Encoding.UTF8.GetString(request.Body)));
    }

    [Theory]
    [Trait("Case", "C26")]
    [InlineData("declared as what it is")]
    [InlineData("declared as object")]
    [InlineData("declared by its own type")]
    public async Task Json_whose_items_are_streamed_is_never_sent_again_without_them_whatever_it_is_declared_as(string kind)
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var items = Channel.CreateUnbounded<int>();
        items.Writer.TryWrite(7);
        items.Writer.Complete();
        var stream = items.Reader.ReadAllAsync(TestContext.Current.CancellationToken);

        var content = kind switch
        {
            "declared as what it is" => JsonContent.Create(stream),
            "declared as object" => JsonContent.Create<object>(stream),
            _ => JsonContent.Create(stream, stream.GetType()),
        };

        using var response = await app.Client.PostAsync(new Uri("items", UriKind.Relative), content);

        Assert.Equal(["[7]"], app.Api.Received.Select(request => Encoding.UTF8.GetString(request.Body)));
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Fact]
    [Trait("Case", "C26")]
    public async Task With_buffering_on_and_within_its_cap_a_one_shot_stream_succeeds()
    {
        await using var app = TestApp.Create(options => options.MaxReplayBufferSize = 1024);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();

        using var response = await app.Client.PostAsync(new Uri("upload", UriKind.Relative), OneShot(stateLength: true));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["payload", "payload"], app.Api.Received.Select(request => Encoding.UTF8.GetString(request.Body)));
    }

    [Theory]
    [Trait("Case", "C26")]
    [InlineData(3, true)]
    [InlineData(1024, false)]
    public async Task Beyond_the_cap_or_of_unknown_length_it_stays_one_shot(int cap, bool stateLength)
    {
        await using var app = TestApp.Create(options => options.MaxReplayBufferSize = cap);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();

        using var response = await app.Client.PostAsync(new Uri("upload", UriKind.Relative), OneShot(stateLength));

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("payload", Encoding.UTF8.GetString(app.Api.Received.Single().Body));
    }

    [Theory]
    [Trait("Case", "C26")]
    [InlineData(true, HttpStatusCode.OK)]
    [InlineData(false, HttpStatusCode.Unauthorized)]
    public async Task Home_made_content_is_sent_again_only_when_it_says_so(bool canReplay, HttpStatusCode expected)
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();

        using var response = await app.Client.PostAsync(new Uri("upload", UriKind.Relative), new HomeMadeContent(canReplay));

        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    [Trait("Case", "C28")]
    public async Task Headers_version_and_options_come_through_untouched()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var key = new HttpRequestOptionsKey<string>("mine");
        using var request = new HttpRequestMessage(HttpMethod.Get, "me") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Add("X-Custom", "value");
        request.Options.Set(key, "kept");

        using var response = await app.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Same(request, response.RequestMessage);
        Assert.True(request.Options.TryGetValue(key, out var kept) && kept == "kept");
        Assert.Equal((HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact), (request.Version, request.VersionPolicy));
        Assert.All(app.Api.Received, received => Assert.Equal("value", received.Headers["X-Custom"]));
    }

    [Fact]
    [Trait("Case", "C28")]
    public async Task A_request_that_the_caller_authorizes_is_unchanged()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "me") { Headers = { Authorization = new AuthenticationHeaderValue("Basic", "bWU6bWU=") } };
        using var skipped = new HttpRequestMessage(HttpMethod.Get, "me").WithoutAccessToken();

        using var own = await app.Client.SendAsync(request);
        using var bare = await app.Client.SendAsync(skipped);

        Assert.Equal(["Basic bWU6bWU=", null], app.Api.Received.Select(received => received.Authorization));
        Assert.Equal(0, app.Tokens.Calls);
    }

    private static HttpContent Make(string kind) => kind switch
    {
        "json" => JsonContent.Create(new { Name = "Ada", Items = new[] { 1, 2, 3 } }),
        "string" => new StringContent("héllo", Encoding.UTF8, "text/plain"),
        "form" => new FormUrlEncodedContent(new Dictionary<string, string> { ["a"] = "1", ["b"] = "ü&=" }),
        "bytes" => new ByteArrayContent([0, 1, 2, 255]),
        "multipart" => new MultipartFormDataContent("fixed") { { new StringContent("x"), "field" }, { new ByteArrayContent([1, 2]), "file", "a.bin" } },
        "multipart of streams" => new MultipartFormDataContent("fixed") { { new StreamContent(new MemoryStream([1, 2, 3])), "file", "a.bin" } },
        "seekable stream" => new StreamContent(new MemoryStream(Enumerable.Range(0, 100_000).Select(i => (byte)i).ToArray())),
        "stream from its middle" => new StreamContent(new MemoryStream([1, 2, 3, 4]) { Position = 2 }),
        "memory" => new ReadOnlyMemoryContent(new byte[] { 7, 8, 9 }),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    private static async Task<byte[]> BytesOf(HttpContent content)
    {
        using var stream = new MemoryStream();
        await content.CopyToAsync(stream);
        return stream.ToArray();
    }

    private static IEnumerable<KeyValuePair<string, string>> Without(ReceivedRequest request, string header) =>
        request.Headers.Where(pair => pair.Key != header).OrderBy(pair => pair.Key, StringComparer.Ordinal);

    private static StreamContent OneShot(bool stateLength = false)
    {
        var content = new StreamContent(new OneShotStream("payload"u8.ToArray()));
        if (stateLength)
        {
            content.Headers.ContentLength = 7;
        }

        return content;
    }

    private sealed record Order(int Id);

    private sealed class OneShotStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }

    private sealed class HomeMadeContent(bool canReplay) : HttpContent, IReplayableContent
    {
        public bool CanReplay => canReplay;

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => stream.WriteAsync("home"u8.ToArray()).AsTask();

        protected override bool TryComputeLength(out long length)
        {
            length = 4;
            return true;
        }
    }
}

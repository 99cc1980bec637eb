using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Protocol;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>Responses that are too long, too deep or made to be quoted: memory stays bounded, and no message repeats them.</summary>
public sealed class HostileResponseTests
{
    private static readonly byte[] Head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"u8.ToArray();

    [Fact]
    [Trait("Case", "C43")]
    public async Task An_endless_answer_is_read_to_1_MiB_and_no_further()
    {
        using var stream = new EndlessStream();
        using var response = new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(stream) };

        using var answer = await TokenResponse.ReadAsync(response, "the token endpoint", new FakeTimeProvider(), CancellationToken.None);

        Assert.Equal(ResponseBodyState.TooLong, answer.Body);
        Assert.Null(answer.Fields);
        Assert.InRange(stream.Taken, TokenResponse.MaxBodySize, TokenResponse.MaxBodySize + 1);
    }

    [Fact]
    [Trait("Case", "C43")]
    public async Task A_compressed_answer_is_counted_unpacked()
    {
        using var packed = new MemoryStream(Bomb());
        using var unpacked = new CountingStream(new GZipStream(packed, CompressionMode.Decompress));
        using var response = new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(unpacked) };

        using var answer = await TokenResponse.ReadAsync(response, "the token endpoint", new FakeTimeProvider(), CancellationToken.None);

        Assert.Equal(ResponseBodyState.TooLong, answer.Body);
        Assert.InRange(unpacked.Taken, TokenResponse.MaxBodySize, TokenResponse.MaxBodySize + 1);
    }

    [Theory]
    [Trait("Case", "C43")]
    [InlineData("endless")]
    [InlineData("3 MB")]
    [InlineData("gzip bomb")]
    [InlineData("endless headers")]
    [InlineData("broken gzip")]
    public async Task Over_a_real_connection_it_is_a_typed_failure_after_one_replay(string kind)
    {
        await using var server = new LoopbackServer((_, stream, ct) => AnswerAsync(kind, stream, ct));
        await using var app = Real(server);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();

        var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync().WaitAsync(Gate.FailSafe, TimeProvider.System));

        Assert.Equal(TokenRefreshFailure.Transient, exception.Failure);
        Assert.Equal(2, server.Received.Count);
        Assert.Equal(TokenSessionState.SignedIn, app.Session.State);
    }

    [Theory]
    [Trait("Case", "C43")]
    [InlineData("deep")]
    [InlineData("wrong types")]
    public async Task JSON_that_is_no_answer_is_a_typed_failure(string kind)
    {
        await using var scene = await Scene.SetAsync();
        scene.Expire();
        scene.App.Tokens.RespondAlways(HttpStatusCode.OK, kind switch
        {
            "deep" => string.Concat(Enumerable.Repeat("""{"x":""", 10_000)) + "1" + new string('}', 10_000),
            _ => """{"access_token":{"a":1},"refresh_token":["r"],"expires_in":{},"error":false,"scope":1}""",
        });

        var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => scene.App.GetAsync());

        Assert.Equal(kind == "wrong types" ? TokenRefreshFailure.Configuration : TokenRefreshFailure.Transient, exception.Failure);
        Assert.Equal(kind == "wrong types" ? 1 : 2, scene.App.Tokens.Calls);
        Assert.Equal("refresh-1", await scene.StoredRefreshTokenAsync());
        Assert.Empty(scene.App.ReLogins);
    }

    [Theory]
    [Trait("Case", "C44")]
    [InlineData(1024 * 1024, TokenRefreshFailure.Transient)]
    [InlineData(512 * 1024, TokenRefreshFailure.ReLoginRequired)]
    public async Task A_description_is_never_repeated(int length, TokenRefreshFailure failure)
    {
        var log = new CapturingLoggerProvider();
        await using var scene = await Scene.SetAsync(configure: options => options.ReLoginResult = ReLoginResult.Throw, services: log.Add);
        scene.Expire();
        var description = "refresh-1 \\r\\n\\u001b[31mLog in at http://evil.example.com " + new string('x', length);
        scene.App.Tokens.RespondAlways(HttpStatusCode.BadRequest, $$"""{"error":"invalid_grant","error_description":"{{description}}","error_uri":"http://evil.example.com"}""");

        var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => scene.App.GetAsync());

        Assert.Equal(failure, exception.Failure);
        var said = exception + "\n" + string.Join('\n', log.Messages.Where(message => message.Category.StartsWith("TokenRefresh", StringComparison.Ordinal)).Select(message => message.Text));
        Assert.DoesNotContain("evil", said, StringComparison.Ordinal);
        Assert.DoesNotContain("refresh-1", said, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', said);
        Assert.InRange(exception.Message.Length, 1, 500);
    }

    [Theory]
    [Trait("Case", "C44")]
    [InlineData("refresh-1")]
    [InlineData("code-of-refresh-1")]
    [InlineData("invalid\\r\\nX-Evil")]
    [InlineData("\\u001b[31mred")]
    public async Task An_error_code_that_is_none_is_not_repeated_either(string code)
    {
        await using var scene = await Scene.SetAsync();
        scene.Expire();
        scene.App.Tokens.RespondAlways(HttpStatusCode.BadRequest, $$"""{"error":"{{code}}"}""");

        var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => scene.App.GetAsync());

        Assert.Equal(TokenRefreshFailure.Configuration, exception.Failure);
        Assert.Null(exception.Error);
        Assert.DoesNotContain("refresh-1", exception.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Evil", exception.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Case", "C42")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{\"access_token\":\"kanarie\"}\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX: {\"access_token\":\"kanarie\r\nkanarie\r\n\r\n")]
    [InlineData("{\"access_token\":\"kanarie\"}\r\n\r\n")]
    [InlineData("HTTP/1.1 kanarie\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nkanarie\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: kanarie\r\n\r\n{\"access_token\":\"kanarie\"")]
    [InlineData("HTTP/1.1 200 kanarie\r\nContent-Length: 9999\r\n\r\n{\"access_token\":\"kanarie\"")]
    public async Task A_garbled_answer_is_quoted_nowhere(string answer)
    {
        var log = new CapturingLoggerProvider();
        await using var server = new LoopbackServer(_ => answer);
        await using var app = Real(server, log);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();

        var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());

        Assert.Equal(TokenRefreshFailure.Transient, exception.Failure);
        Assert.DoesNotContain("kanarie", exception.ToString(), StringComparison.Ordinal);
        Assert.All(log.Messages, message => Assert.DoesNotContain("kanarie", message.Text, StringComparison.Ordinal));
    }

    private static TestApp Real(LoopbackServer server, CapturingLoggerProvider? log = null) => TestApp.Create(
        options => options.TokenEndpoint = new Uri(server.Url, "token"),
        services =>
        {
            ImpatientTime.In(services);
            services.AddTokenSession(TestApp.Name).TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(BackchannelHandler.Create);
            log?.Add(services);
        });

    private static async Task AnswerAsync(string kind, NetworkStream stream, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(Head, cancellationToken);
        switch (kind)
        {
            case "gzip bomb":
                await stream.WriteAsync("Content-Encoding: gzip\r\n\r\n"u8.ToArray(), cancellationToken);
                await stream.WriteAsync(Bomb(), cancellationToken);
                return;
            case "broken gzip":
                await stream.WriteAsync("Content-Encoding: gzip\r\n\r\nno gzip at all, but long enough"u8.ToArray(), cancellationToken);
                return;
            case "endless headers":
                await RepeatAsync(stream, "X-More: and more\r\n", int.MaxValue, cancellationToken);
                return;
            default:
                await stream.WriteAsync("\r\n{\"x\":\""u8.ToArray(), cancellationToken);
                await RepeatAsync(stream, new string('x', 1024), kind == "3 MB" ? 3 * 1024 : int.MaxValue, cancellationToken);
                return;
        }
    }

    // Until the client has had enough: then the connection breaks.
    private static async Task RepeatAsync(NetworkStream stream, string text, int times, CancellationToken cancellationToken)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        for (var i = 0; i < times; i++)
        {
            await stream.WriteAsync(bytes, cancellationToken);
        }
    }

    private static byte[] Bomb()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write("{\"x\":\""u8);
            var zeros = new byte[1024 * 1024];
            zeros.AsSpan().Fill((byte)'0');
            for (var i = 0; i < 50; i++)
            {
                gzip.Write(zeros);
            }
        }

        return packed.ToArray();
    }

    private sealed class EndlessStream() : CountingStream(Null)
    {
        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            buffer.Span.Fill((byte)'x');
            return new ValueTask<int>(Count(buffer.Length));
        }
    }

    private class CountingStream(Stream inner) : MemoryStream
    {
        public long Taken { get; private set; }
        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override bool CanSeek => false;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Count(await inner.ReadAsync(buffer, cancellationToken));

        protected int Count(int count)
        {
            Taken += count;
            return count;
        }
    }
}

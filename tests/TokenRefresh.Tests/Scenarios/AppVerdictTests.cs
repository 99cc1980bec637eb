using System.Net;
using System.Net.Http.Json;
using System.Text;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>The app decides itself whether a response rejects the token, and may read its body for that.</summary>
public sealed class AppVerdictTests
{
    private const string Expired = """{"error":"token_expired"}""";
    private static readonly Uri Me = new("me", UriKind.Relative);

    public static TheoryData<string> Readings => new("string", "bytes", "stream", "json", "half a stream", "twice");

    [Theory]
    [MemberData(nameof(Readings))]
    public async Task A_body_that_the_verdict_reads_starts_a_refresh(string reading)
    {
        await using var app = await SignedInAsync(async (response, ct) => (await ReadAsync(response, reading, ct)).Contains("token_expired", StringComparison.Ordinal));
        app.Api.Answer(request => request.Token == "access-1" ? Ok(Expired) : Ok("12345"));

        using var response = await app.GetAsync();

        Assert.Equal("12345", await response.Content.ReadAsStringAsync());
        Assert.Equal(["access-1", "access-2"], app.Api.Received.Select(request => request.Token));
    }

    [Theory]
    [MemberData(nameof(Readings))]
    public async Task A_body_that_the_verdict_has_read_is_the_callers_whole(string reading)
    {
        await using var app = await SignedInAsync(async (response, ct) =>
        {
            await ReadAsync(response, reading, ct);
            return false;
        });
        using var body = new ScriptedBody("[\"a\","u8.ToArray(), "\"b\"]"u8.ToArray());
        app.Api.Answer(_ => new HttpResponseMessage { Content = new StreamContent(body) { Headers = { { "Content-Type", "application/json" }, { "X-Mine", "kept" } } } });

        using var response = await app.Client.GetAsync(Me, HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal("[\"a\",\"b\"]", await response.Content.ReadAsStringAsync());
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(["kept"], response.Content.Headers.GetValues("X-Mine"));
        Assert.Null(body.Misuse);
    }

#if !NETSTANDARD_BUILD
    [Theory]
    [Trait("Case", "C23")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_verdict_may_read_the_body_without_await(bool isAsync)
    {
        await using var app = await SignedInAsync((response, ct) =>
        {
            using var reader = new StreamReader(response.Content.ReadAsStream(ct));
            return Task.FromResult(reader.ReadToEnd().Contains("token_expired", StringComparison.Ordinal));
        });
        app.Api.Answer(request => request.Token == "access-1" ? Ok(Expired) : Ok("12345"));
        using var request = new HttpRequestMessage(HttpMethod.Get, Me);

        using var response = isAsync ? await app.Client.SendAsync(request) : app.Client.Send(request);

        Assert.Equal("12345", await response.Content.ReadAsStringAsync());
        Assert.Equal(["access-1", "access-2"], app.Api.Received.Select(received => received.Token));
    }

    [Fact]
    [Trait("Case", "C23")]
    public async Task A_verdict_may_copy_the_body_without_await()
    {
        await using var app = await SignedInAsync((response, ct) =>
        {
            using var copy = new MemoryStream();
            response.Content.CopyTo(copy, context: null, ct);
            return Task.FromResult(Encoding.UTF8.GetString(copy.ToArray()).Contains("token_expired", StringComparison.Ordinal));
        });
        app.Api.Answer(request => request.Token == "access-1" ? Ok(Expired) : Ok("12345"));

        using var response = await app.GetAsync();

        Assert.Equal(["access-1", "access-2"], app.Api.Received.Select(received => received.Token));
    }
#endif

    [Fact]
    public async Task A_body_that_the_verdict_doesnt_read_stays_unread_and_the_same_object()
    {
        await using var app = await SignedInAsync((response, _) => Task.FromResult(response.StatusCode == HttpStatusCode.Unauthorized));
        using var body = new ScriptedBody("x"u8.ToArray());
        var content = new StreamContent(body);
        app.Api.Answer(_ => new HttpResponseMessage { Content = content });

        using var response = await app.Client.GetAsync(Me, HttpCompletionOption.ResponseHeadersRead);

        Assert.Same(content, response.Content);
        Assert.Equal(0, body.Reads);
    }

    [Fact]
    public async Task Of_a_large_body_the_verdict_gets_64_KiB_and_the_caller_all()
    {
        var length = 0;
        await using var app = await SignedInAsync(async (response, ct) =>
        {
            length = (await response.Content.ReadAsByteArrayAsync(ct)).Length;
            return false;
        });
        var bytes = new byte[300_000];
        Random.Shared.NextBytes(bytes);
        using var body = new ScriptedBody(bytes);
        app.Api.Answer(_ => new HttpResponseMessage { Content = new StreamContent(body) });

        using var response = await app.Client.GetAsync(Me, HttpCompletionOption.ResponseHeadersRead);

        Assert.InRange(length, 64 * 1024, (64 * 1024) + 4096);
        Assert.Equal(bytes, await response.Content.ReadAsByteArrayAsync());
        Assert.Null(body.Misuse);
    }

    [Fact]
    public async Task A_verdict_reads_the_beginning_of_a_download_of_3_GiB_as_text()
    {
        const long length = 3L * 1024 * 1024 * 1024;
        string? seen = null;
        await using var app = await SignedInAsync(async (response, ct) =>
        {
            seen = await response.Content.ReadAsStringAsync(ct);
            return false;
        });
        using var body = new ScriptedBody("begun"u8.ToArray());
        app.Api.Answer(_ => new HttpResponseMessage { Content = new StreamContent(body) { Headers = { ContentLength = length } } });

        using var response = await app.Client.GetAsync(Me, HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal("begun", seen);
        Assert.Equal(length, response.Content.Headers.ContentLength);
    }

    [Fact]
    public async Task A_body_that_stalls_holds_the_verdict_for_two_seconds()
    {
        string? seen = null;
        await using var app = await SignedInAsync(async (response, ct) =>
        {
            seen = await response.Content.ReadAsStringAsync(ct);
            return false;
        });
        var stall = new Gate();
        using var body = new ScriptedBody("begun"u8.ToArray()) { Stall = stall };
        app.Api.Answer(_ => new HttpResponseMessage { Content = new StreamContent(body) });
        var request = app.Client.GetAsync(Me, HttpCompletionOption.ResponseHeadersRead);
        await stall.ArrivedAsync(1);

        app.Time.Advance(TimeSpan.FromSeconds(2));
        using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);
        var reading = response.Content.ReadAsStringAsync();
        stall.Open();

        Assert.Equal("begun", seen);
        Assert.Equal("begun", await reading);
        Assert.Null(body.Misuse);
    }

    [Fact]
    public async Task A_caller_that_cancels_while_the_verdict_reads_leaves_and_frees_the_connection()
    {
        await using var app = await SignedInAsync(async (response, ct) => (await response.Content.ReadAsStringAsync(ct)).Length > 0);
        var stall = new Gate();
        using var body = new ScriptedBody("begun"u8.ToArray()) { Stall = stall };
        app.Api.Answer(_ => new HttpResponseMessage { Content = new StreamContent(body) });
        using var cancellation = new CancellationTokenSource();
        var request = app.Client.GetAsync(Me, HttpCompletionOption.ResponseHeadersRead, cancellation.Token);
        await stall.ArrivedAsync(1);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request.WaitAsync(Gate.FailSafe, TimeProvider.System));
        await body.Disposal.WaitAsync(Gate.FailSafe, TimeProvider.System);
        Assert.Null(body.Misuse);
    }

    [Fact]
    [Trait("Case", "C19")]
    public async Task A_caller_that_cancels_leaves_a_verdict_that_ignores_it()
    {
        var verdict = new Gate();
        await using var app = await SignedInAsync(async (_, _) =>
        {
            await verdict.PassAsync(CancellationToken.None);
            return true;
        });
        using var body = new ScriptedBody("x"u8.ToArray());
        app.Api.Answer(_ => new HttpResponseMessage { Content = new StreamContent(body) });
        using var cancellation = new CancellationTokenSource();
        var request = app.Client.GetAsync(Me, HttpCompletionOption.ResponseHeadersRead, cancellation.Token);
        await verdict.ArrivedAsync(1);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request.WaitAsync(Gate.FailSafe, TimeProvider.System));
        await body.Disposal.WaitAsync(Gate.FailSafe, TimeProvider.System);
        verdict.Open();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_verdict_that_throws_disposes_the_response_and_reaches_the_caller(bool readsFirst)
    {
        await using var app = await SignedInAsync(async (response, ct) =>
        {
            if (readsFirst)
            {
                await response.Content.ReadAsStringAsync(ct);
            }

            throw new InvalidOperationException("verdict");
        });
        using var body = new ScriptedBody("x"u8.ToArray());
        app.Api.Answer(_ => new HttpResponseMessage { Content = new StreamContent(body) });

        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => app.Client.GetAsync(Me, HttpCompletionOption.ResponseHeadersRead));

        Assert.Equal("verdict", exception.Message);
        Assert.True(body.IsDisposed);
    }

    [Fact]
    public async Task A_body_that_breaks_off_fails_in_the_verdict()
    {
        await using var app = await SignedInAsync(async (response, ct) => (await response.Content.ReadAsStringAsync(ct)).Length > 0);
        app.Api.Answer(_ => new HttpResponseMessage { Content = new StreamContent(new BrokenBody()) });

        await Assert.ThrowsAnyAsync<Exception>(() => app.Client.GetAsync(Me, HttpCompletionOption.ResponseHeadersRead));
    }

    [Fact]
    public async Task A_request_to_another_origin_is_not_judged()
    {
        var verdicts = 0;
        await using var app = await SignedInAsync((_, _) =>
        {
            verdicts++;
            return Task.FromResult(true);
        });

        using var response = await app.Client.GetAsync(new Uri("https://elsewhere.example.net/"));

        Assert.Equal(0, verdicts);
        Assert.Equal(0, app.Tokens.Calls);
    }

    [Fact]
    public async Task A_verdict_that_never_ends_well_costs_one_resend()
    {
        await using var app = await SignedInAsync((_, _) => Task.FromResult(true));

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, app.Api.Calls);
        Assert.Equal(1, app.Tokens.Calls);
        Assert.Equal(TokenRefreshOutcome.RejectedAfterRefresh, response.GetTokenRefreshOutcome());
    }

    [Fact]
    public void Two_verdicts_are_an_error_at_the_start()
    {
        var options = new TokenRefreshOptions
        {
            TokenEndpoint = new Uri("https://login.example.com/token"),
            ClientId = "shop",
            ShouldRefresh = _ => false,
            ShouldRefreshAsync = (_, _) => Task.FromResult(false),
        };

        var exception = Assert.Throws<ArgumentException>(() => TokenSession.Create(options));

        Assert.Contains("ShouldRefresh and ShouldRefreshAsync are both set", exception.Message, StringComparison.Ordinal);
    }

    private static async Task<TestApp> SignedInAsync(Func<HttpResponseMessage, CancellationToken, Task<bool>> verdict)
    {
        var app = TestApp.Create(options => options.ShouldRefreshAsync = verdict);
        await app.SignInAsync();
        return app;
    }

    private static HttpResponseMessage Ok(string body) => new(HttpStatusCode.OK) { Content = new StringContent(body) };

    private static async Task<string> ReadAsync(HttpResponseMessage response, string reading, CancellationToken cancellationToken)
    {
        switch (reading)
        {
            case "bytes":
                return Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync(cancellationToken));
            case "stream":
                using (var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken)))
                {
                    return await reader.ReadToEndAsync(cancellationToken);
                }

            case "json":
                return (await response.Content.ReadFromJsonAsync<System.Text.Json.JsonElement>(cancellationToken)).ToString();
            case "half a stream":
                var half = new byte[4];
                await (await response.Content.ReadAsStreamAsync(cancellationToken)).ReadExactlyAsync(half, cancellationToken);
                return await response.Content.ReadAsStringAsync(cancellationToken);
            case "twice":
                await response.Content.ReadAsStringAsync(cancellationToken);
                return await response.Content.ReadAsStringAsync(cancellationToken);
            default:
                return await response.Content.ReadAsStringAsync(cancellationToken);
        }
    }

    private sealed class BrokenBody : MemoryStream
    {
        public override bool CanSeek => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("cut");

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => throw new IOException("cut");
    }
}

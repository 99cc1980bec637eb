using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>How Django REST Framework rejects an expired token: with its first authenticator's challenge, or with a 403 if that has none.</summary>
public sealed class DjangoRejectionTests
{
    private const string TokenNotValid =
        """{"detail":"Given token not valid for any token type","code":"token_not_valid","messages":[{"token_class":"AccessToken","token_type":"access","message":"Token is invalid or expired"}]}""";

    private static readonly Uri Me = new("me", UriKind.Relative);

    [Theory]
    [Trait("Case", "B40")]
    [InlineData("Basic realm=\"api\"")]
    [InlineData("Token")]
    [InlineData("Digest realm=\"api\", nonce=\"a==\"")]
    [InlineData("Basic realm=\"api\", Bearer realm=\"api\"")]
    [InlineData("Bearer realm=\"api\"")]
    public async Task A_401_is_refreshed_whatever_scheme_its_challenge_names(string challenge)
    {
        await using var app = await SignedInAsync(() => Unauthorized(challenge));

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["access-1", "access-2"], app.Api.Received.Select(request => request.Token));
        Assert.Equal(1, app.Tokens.Calls);
    }

    [Theory]
    [Trait("Case", "B40")]
    [InlineData("Bearer error=\"insufficient_scope\"")]
    [InlineData("Basic realm=\"api\", Bearer error=\"insufficient_scope\"")]
    [InlineData("Bearer error=\"insufficient_scope\", Basic realm=\"api\"")]
    public async Task A_401_that_asks_for_more_scope_is_returned(string challenge)
    {
        await using var app = await SignedInAsync(() => Unauthorized(challenge));

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(["access-1"], app.Api.Received.Select(request => request.Token));
        Assert.Equal(0, app.Tokens.Calls);
    }

    [Theory]
    [Trait("Case", "B97")]
    [InlineData("application/json")]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("application/problem+json")]
    public async Task A_403_with_the_code_token_not_valid_is_refreshed_and_resent(string contentType)
    {
        await using var app = await SignedInAsync(() => Forbidden(TokenNotValid, contentType));

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["access-1", "access-2"], app.Api.Received.Select(request => request.Token));
        Assert.Equal(1, app.Tokens.Calls);
    }

    [Theory]
    [Trait("Case", "B97")]
    [InlineData("""{"type":"client_error","errors":[{"code":"token_not_valid","detail":"…","attr":null}]}""")]
    [InlineData("""{"type":"client_error","errors":[{"code":"other"},{"code":"token_not_valid"}]}""")]
    [InlineData(""" {"code":"token_not_valid"} """)]
    [InlineData("\uFEFF{\"code\":\"token_not_valid\"}")]
    [InlineData("""{"code":"other","code":"token_not_valid"}""")]
    public async Task The_code_is_found_wherever_servers_put_it(string body)
    {
        await using var app = await SignedInAsync(() => Forbidden(body));

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [Trait("Case", "B97")]
    [InlineData("gzip", true)]
    [InlineData("x-gzip", true)]
#if !NETSTANDARD_BUILD
    [InlineData("br", true)]
    [InlineData("deflate", true)]
#endif
    [InlineData("gzip, decompressed", true)]
    [InlineData("br, decompressed", true)]
    [InlineData("deflate, decompressed", true)]
    [InlineData("gzip, damaged", false)]
    [InlineData("br, damaged", false)]
    [InlineData("deflate, damaged", false)]
    [InlineData("gzip, cut off", false)]
    [InlineData("gzip, bomb", false)]
    [InlineData("gzip, wrapped", false)]
    [InlineData("zstd", false)]
    [InlineData("identity", true)]
    public async Task A_403_that_the_transport_leaves_compressed_is_read(string coding, bool isRefreshed)
    {
        await using var app = await SignedInAsync(() => Compressed(coding));

        using var response = await app.GetAsync();

        Assert.Equal(isRefreshed ? HttpStatusCode.OK : HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal(isRefreshed ? 1 : 0, app.Tokens.Calls);
        if (!isRefreshed)
        {
            using var untouched = Compressed(coding);
            Assert.Equal(await untouched.Content.ReadAsByteArrayAsync(), await response.Content.ReadAsByteArrayAsync());
            Assert.Equal(untouched.Content.Headers.ContentEncoding, response.Content.Headers.ContentEncoding);
        }
    }

    [Fact]
    [Trait("Case", "B97")]
    public async Task Many_403s_at_once_cost_one_refresh()
    {
        await using var app = await SignedInAsync(() => Forbidden(TokenNotValid));
        var requests = await app.SendAtOnceAsync(50);

        app.Api.Release();

        Assert.All(await TestApp.StatusesOf(requests), status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.Equal(1, app.Tokens.Calls);
    }

    // The package drf-standardized-errors lists each field of the error.
    [Fact]
    [Trait("Case", "B97")]
    public async Task A_403_that_lists_the_code_token_not_valid_is_refreshed_and_resent()
    {
        const string Body = """{"type":"client_error","errors":[{"code":"token_not_valid","detail":"…","attr":"detail"},{"code":"token_not_valid","detail":"token_not_valid","attr":"code"}]}""";
        await using var app = await SignedInAsync(() => Forbidden(Body));

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(1, app.Tokens.Calls);
    }

    [Theory]
    [Trait("Case", "B97")]
    [InlineData("""{"detail":"You do not have permission to perform this action."}""")]
    [InlineData("""{"detail":"…","code":"permission_denied"}""")]
    [InlineData("""{"detail":"…","code":["token_not_valid"]}""")]
    [InlineData("""{"detail":"…","errors":{"code":"token_not_valid"}}""")]
    [InlineData("""{"type":"client_error","errors":["token_not_valid",{"code":"permission_denied","detail":"…","attr":null}]}""")]
    [InlineData("""{"type":"client_error","errors":[{"code":"permission_denied"}]}""")]
    [InlineData("""{"errors":["token_not_valid"]}""")]
    [InlineData("""["token_not_valid"]""")]
    [InlineData("""{"\ud800":"token_not_valid"}""")]
    [InlineData("\"token_not_valid\"")]
    [InlineData("""{"code":"token_not_valid" """)]
    [InlineData("")]
    [InlineData("not JSON: \"code\":\"token_not_valid\"")]
    public async Task Any_other_403_reaches_the_caller_byte_for_byte(string body)
    {
        await using var app = await SignedInAsync(() => Forbidden(body));

        using var response = await app.Client.GetAsync(Me, HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(body, await response.Content.ReadAsStringAsync());
        Assert.Equal(0, app.Tokens.Calls);
        Assert.Single(app.Api.Received);
    }

    [Fact]
    [Trait("Case", "B97")]
    public async Task Under_OAuth_the_body_of_a_403_is_not_read()
    {
        using var body = new ScriptedBody(Encoding.UTF8.GetBytes(TokenNotValid));
        await using var app = await SignedInAsync(() => Forbidden(body), TokenServerMode.ReuseIsRejected);

        using var response = await app.Client.GetAsync(Me, HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal(0, body.Reads);
        Assert.Equal(0, app.Tokens.Calls);
    }

    [Theory]
    [Trait("Case", "B97")]
    [InlineData("text/html")]
    [InlineData("text/event-stream")]
    [InlineData("application/jsonlines")]
    [InlineData(null)]
    public async Task The_body_of_a_403_that_is_not_JSON_is_not_read(string? contentType)
    {
        using var body = new ScriptedBody(Encoding.UTF8.GetBytes(TokenNotValid));
        await using var app = await SignedInAsync(() => Forbidden(body, contentType));

        using var response = await app.Client.GetAsync(Me, HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal(0, body.Reads);
    }

    [Fact]
    [Trait("Case", "B97")]
    public async Task The_body_of_a_403_that_states_a_length_over_64_KiB_is_not_read()
    {
        using var body = new ScriptedBody(Encoding.UTF8.GetBytes(TokenNotValid));
        await using var app = await SignedInAsync(() =>
        {
            var response = Forbidden(body);
            response.Content.Headers.ContentLength = (64 * 1024) + 1;
            return response;
        });

        using var response = await app.Client.GetAsync(Me, HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal(0, body.Reads);
    }

    [Fact]
    [Trait("Case", "B97")]
    public async Task Of_a_large_403_at_most_64_KiB_are_read_ahead_and_the_caller_gets_all_of_it()
    {
        var bytes = Encoding.UTF8.GetBytes("{\"detail\":\"" + new string('x', 500_000) + "\",\"code\":\"token_not_valid\"}");
        using var body = new ScriptedBody(bytes);
        await using var app = await SignedInAsync(() => Forbidden(body));

        using var response = await app.Client.GetAsync(Me, HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.InRange(body.BytesRead, 1, (64 * 1024) + 4096);
        Assert.Equal(bytes, await response.Content.ReadAsByteArrayAsync());
        Assert.Null(body.Misuse);
    }

    [Fact]
    [Trait("Case", "B97")]
    public async Task A_403_whose_body_stalls_is_returned_after_two_seconds_and_can_be_read_on()
    {
        var stall = new Gate();
        using var body = new ScriptedBody("{\"detail\":"u8.ToArray()) { Stall = stall };
        await using var app = await SignedInAsync(() => Forbidden(body));
        var request = app.Client.GetAsync(Me, HttpCompletionOption.ResponseHeadersRead);
        await stall.ArrivedAsync(1);
        Assert.False(request.IsCompleted);

        app.Time.Advance(TimeSpan.FromSeconds(2));
        using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);
        var reading = response.Content.ReadAsStringAsync();
        stall.Open();

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal("{\"detail\":", await reading);
        Assert.Null(body.Misuse);
    }

    [Fact]
    [Trait("Case", "B97")]
    public async Task A_caller_that_cancels_while_the_body_of_a_403_is_read_leaves_at_once_and_frees_the_connection()
    {
        var stall = new Gate();
        using var body = new ScriptedBody("{\"detail\":"u8.ToArray()) { Stall = stall };
        await using var app = await SignedInAsync(() => Forbidden(body));
        using var cancellation = new System.Threading.CancellationTokenSource();
        var request = app.Client.GetAsync(Me, HttpCompletionOption.ResponseHeadersRead, cancellation.Token);
        await stall.ArrivedAsync(1);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request.WaitAsync(Gate.FailSafe, TimeProvider.System));
        await body.Disposal.WaitAsync(Gate.FailSafe, TimeProvider.System);
        Assert.Null(body.Misuse);
    }

    [Fact]
    [Trait("Case", "B97")]
    public async Task A_second_403_reaches_the_caller_readable()
    {
        await using var app = TestApp.Create(mode: TokenServerMode.SimpleJwt);
        await app.SignInAsync();
        app.Api.Answer(_ => Forbidden(TokenNotValid));

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal(TokenNotValid, await response.Content.ReadAsStringAsync());
        Assert.Equal(["access-1", "access-2"], app.Api.Received.Select(request => request.Token));
        Assert.Equal(1, app.Tokens.Calls);
    }

    [Fact]
    [Trait("Case", "B97")]
    public async Task A_403_of_an_ended_login_reaches_the_caller_readable()
    {
        await using var app = await SignedInAsync(() => Forbidden(TokenNotValid));
        app.Tokens.RevokeRefreshTokens();

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal(TokenNotValid, await response.Content.ReadAsStringAsync());
        Assert.Single(app.ReLogins);
    }

    [Fact]
    [Trait("Case", "B97")]
    public async Task A_403_of_a_foreign_origin_is_not_read()
    {
        using var body = new ScriptedBody(Encoding.UTF8.GetBytes(TokenNotValid));
        await using var app = await SignedInAsync(() => Forbidden(body));

        using var response = await app.Client.GetAsync(new Uri("https://elsewhere.example.net/"), HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal(0, body.Reads);
        Assert.Equal(0, app.Tokens.Calls);
    }

    [Fact]
    [Trait("Case", "B97")]
    public async Task A_verdict_of_the_app_replaces_the_check_of_the_body()
    {
        using var body = new ScriptedBody(Encoding.UTF8.GetBytes(TokenNotValid));
        await using var app = await SignedInAsync(() => Forbidden(body), configure: options => options.ShouldRefresh = _ => false);

        using var response = await app.Client.GetAsync(Me, HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal(0, body.Reads);
        Assert.Equal(0, app.Tokens.Calls);
    }

#if !NETSTANDARD_BUILD // netstandard2.0 has no synchronous Send that could be overridden.
    [Fact]
    [Trait("Case", "B97")]
    public async Task A_synchronous_send_is_refreshed_too()
    {
        await using var app = await SignedInAsync(() => Forbidden(TokenNotValid));
        using var request = new HttpRequestMessage(HttpMethod.Get, Me);

        using var response = await Task.Run(() => app.Client.Send(request));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }
#endif

    /// <summary>Signed in with access-1, which the API rejects in the given way. It accepts the tokens that follow.</summary>
    private static async Task<TestApp> SignedInAsync(
        Func<HttpResponseMessage> rejection, TokenServerMode mode = TokenServerMode.SimpleJwt, Action<TokenRefreshOptions>? configure = null)
    {
        var app = TestApp.Create(configure, mode: mode);
        await app.SignInAsync();
        app.Api.Answer(request => request.Token is null or "access-1" ? rejection() : null);
        return app;
    }

    private static HttpResponseMessage Compressed(string coding)
    {
        var body = coding == "gzip, bomb" ? TokenNotValid.PadRight(1024 * 1024) : TokenNotValid;
        using var compressed = new MemoryStream();
        using (var stream = coding.Split(',')[0] switch
        {
            "br" => new BrotliStream(compressed, CompressionMode.Compress, leaveOpen: true),
            "deflate" => new ZLibStream(compressed, CompressionMode.Compress, leaveOpen: true),
            "gzip" or "x-gzip" => new GZipStream(compressed, CompressionMode.Compress, leaveOpen: true),
            _ => Stream.Null,
        })
        {
            stream.Write(Encoding.UTF8.GetBytes(body));
        }

        var bytes = compressed.ToArray();
        var content = coding switch
        {
            _ when coding == "identity" || coding.EndsWith(", decompressed", StringComparison.Ordinal) => Encoding.UTF8.GetBytes(body),
            _ when coding.EndsWith(", damaged", StringComparison.Ordinal) => [.. bytes[..20], .. new byte[40]],
            "gzip, cut off" => bytes[..(bytes.Length / 2)],
            _ => bytes,
        };
        var response = new HttpResponseMessage(HttpStatusCode.Forbidden) { Content = new ByteArrayContent(content) };
        response.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        response.Content.Headers.ContentEncoding.Add(coding.Split(',')[0]);
        if (coding == "gzip, wrapped")
        {
            response.Content.Headers.ContentEncoding.Add("br");
        }

        return response;
    }

    private static HttpResponseMessage Unauthorized(string challenge)
    {
        var response = new HttpResponseMessage(HttpStatusCode.Unauthorized);
        response.Headers.TryAddWithoutValidation("WWW-Authenticate", challenge);
        return response;
    }

    private static HttpResponseMessage Forbidden(string body, string contentType = "application/json")
    {
        var response = new HttpResponseMessage(HttpStatusCode.Forbidden) { Content = new StringContent(body) };
        response.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        return response;
    }

    private static HttpResponseMessage Forbidden(ScriptedBody body, string? contentType = "application/json")
    {
        var response = new HttpResponseMessage(HttpStatusCode.Forbidden) { Content = new StreamContent(body) };
        response.Content.Headers.ContentType = contentType is null ? null : MediaTypeHeaderValue.Parse(contentType);
        return response;
    }
}

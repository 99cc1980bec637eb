using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>What a token endpoint may answer, row by row of the table, and what must come of it.</summary>
internal static class EndpointAnswers
{
    private static readonly Dictionary<string, Row> Rows = All().ToDictionary(row => row.Name);

    public static TheoryData<string> Names => [.. Rows.Keys];

    /// <summary>The rows that leave the login as it is.</summary>
    public static TheoryData<string> Failures =>
        [.. Rows.Values.Where(row => row.Outcome is Outcome.Configuration or Outcome.Transient).Select(row => row.Name)];

    public static Row Get(string name) => Rows[name];

    public enum Outcome
    {
        Committed,
        ReLogin,
        Configuration,
        Transient,
    }

    /// <param name="Name">The row.</param>
    /// <param name="Outcome">What it means.</param>
    /// <param name="Answer">The endpoint's answer, to every call of the flight.</param>
    public sealed record Row(string Name, Outcome Outcome, Func<HttpResponseMessage> Answer)
    {
        public TokenServerMode Mode { get; init; } = TokenServerMode.ReuseIsRejected;

        /// <summary>The refresh tokens that the endpoint receives in the flight.</summary>
        public string[] ReceivedRefreshTokens { get; init; } = Outcome == Outcome.Transient ? ["refresh-1", "refresh-1", "refresh-1"] : ["refresh-1"];

        /// <summary>The refresh token that the store holds afterwards.</summary>
        public string? Stored { get; init; } = Outcome == Outcome.ReLogin ? null : "refresh-1";

        public ReLoginReason Reason { get; init; } = ReLoginReason.Rejected;

        public string? Error { get; init; }

        /// <summary>What a later invalid_grant for the same refresh token is.</summary>
        public bool LeavesDoubt { get; init; }
    }

    private static IEnumerable<Row> All() => Committed().Concat(ReLogins()).Concat(Configurations()).Concat(Transients()).Concat(ResponseLost());

    private static IEnumerable<Row> Committed()
    {
        yield return new("200 with a pair", Outcome.Committed, Json(200, """{"access_token":"access-9","refresh_token":"refresh-9","token_type":"bearer","expires_in":300}""")) { Stored = "refresh-9" };
        yield return new("200 without a refresh token", Outcome.Committed, Json(200, """{"access_token":"access-9","expires_in":300}"""));
        yield return new("201 with a pair", Outcome.Committed, Json(201, """{"access_token":"access-9","refresh_token":"refresh-9"}""")) { Stored = "refresh-9" };
        yield return new("200 of 900 KB", Outcome.Committed, Json(200, $$"""{"padding":"{{new string('x', 900 * 1024)}}","access_token":"access-9","refresh_token":"refresh-9"}""")) { Stored = "refresh-9" };
        yield return new("200 as a form", Outcome.Committed, Answer(200, "access_token=access-9&refresh_token=refresh-9&expires_in=300&token_type=bearer", "application/x-www-form-urlencoded")) { Stored = "refresh-9" };
        yield return new("200 that says it twice", Outcome.Committed, Json(200, """{"access_token":"a","refresh_token":"b","access_token":"access-9","refresh_token":"refresh-9"}""")) { Stored = "refresh-9" };
        yield return new("200 with text after the JSON", Outcome.Committed, Json(200, """{"access_token":"access-9","refresh_token":"refresh-9"}{}""")) { Stored = "refresh-9" };
        yield return new("200 with a token type of its own", Outcome.Committed, Json(200, """{"access_token":"access-9","refresh_token":"refresh-9","token_type":"Zoho-oauthtoken"}""")) { Stored = "refresh-9" };
        yield return new("Simple JWT 200 with a pair", Outcome.Committed, Json(200, """{"access":"access-9","refresh":"refresh-9"}""")) { Stored = "refresh-9", Mode = TokenServerMode.SimpleJwt };
        yield return new("Simple JWT 200 without rotation", Outcome.Committed, Json(200, """{"access":"access-9"}""")) { Mode = TokenServerMode.SimpleJwt };
    }

    private static IEnumerable<Row> ReLogins()
    {
        foreach (var status in new[] { 400, 401, 403 })
        {
            yield return OAuthError(Outcome.ReLogin, status, "invalid_grant");
        }

        foreach (var error in new[] { "interaction_required", "login_required", "consent_required", "mfa_required" })
        {
            yield return OAuthError(Outcome.ReLogin, 400, error) with { Reason = ReLoginReason.InteractionRequired };
        }

        yield return OAuthError(Outcome.ReLogin, 200, "bad_refresh_token");
        yield return OAuthError(Outcome.ReLogin, 200, "invalid_refresh_token");
        yield return OAuthError(Outcome.ReLogin, 401, "invalid_token");
        yield return OAuthError(Outcome.ReLogin, 400, "INVALID_GRANT");
        yield return new("HubSpot 400", Outcome.ReLogin, Json(400, """{"status":"BAD_REFRESH_TOKEN","correlationId":"1"}""")) { Error = "BAD_REFRESH_TOKEN" };
        yield return new("Firebase 400", Outcome.ReLogin, Json(400, """{"error":{"code":400,"message":"TOKEN_EXPIRED","status":"INVALID_ARGUMENT"}}"""))
        {
            Error = "TOKEN_EXPIRED",
        };
        yield return new("Laravel Passport 401", Outcome.ReLogin, Json(401, """{"error":"invalid_request","hint":"Token has been revoked","message":"The refresh token is invalid."}"""))
        {
            Error = "invalid_request",
        };
        foreach (var code in new[] { "token_not_valid", "no_active_account", "password_changed" })
        {
            yield return SimpleJwtError(Outcome.ReLogin, 401, code);
        }

        yield return SimpleJwtError(Outcome.ReLogin, 401, "a_code_of_the_project");
        yield return new("Simple JWT 401 without a code", Outcome.ReLogin, Json(401, """{"detail":"No active account found for the given token."}"""))
        {
            Mode = TokenServerMode.SimpleJwt,
        };
    }

    private static IEnumerable<Row> Configurations()
    {
        foreach (var error in new[]
        {
            "invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope", "invalid_request", "access_denied", "something_new",
        })
        {
            yield return OAuthError(Outcome.Configuration, 400, error);
        }

        yield return OAuthError(Outcome.Configuration, 401, "invalid_client");
        yield return OAuthError(Outcome.Configuration, 400, "invalid_target") with { LeavesDoubt = true };
        foreach (var status in new[] { 300, 301, 302, 303, 307, 308 })
        {
            yield return new($"{status} to elsewhere", Outcome.Configuration, () => Redirect(status));
        }

        yield return new("certificate rejected", Outcome.Configuration, Throws(new HttpRequestException(
            HttpRequestError.SecureConnectionError, "The SSL connection could not be established.", new AuthenticationException("The remote certificate is invalid."))));
        yield return new("200 with nothing in it", Outcome.Configuration, Json(200, "{}")) { LeavesDoubt = true };
        yield return new("200 that names its tokens otherwise", Outcome.Configuration, Json(200, """{"accessToken":"access-9","refreshToken":"refresh-9"}"""))
        {
            LeavesDoubt = true,
        };
        yield return new("200 with a line end in the token", Outcome.Configuration, Json(200, """{"access_token":"a\r\nb"}"""));
        yield return new("200 with a token of another type", Outcome.Configuration, Json(200, """{"access_token":"access-9","token_type":"mac"}"""));
        yield return new("200 of another type, rotated", Outcome.Configuration, Json(200, """{"access_token":"access-9","refresh_token":"refresh-9","token_type":"mac"}""")) { Stored = "refresh-9" };
        yield return new("200 unusable, rotated", Outcome.Configuration, Json(200, """{"access_token":"a b","refresh_token":"refresh-9"}""")) { Stored = "refresh-9" };
        yield return new("200 with a new refresh token alone, twice", Outcome.Configuration, Json(200, """{"refresh_token":"refresh-9"}""")) { Stored = "refresh-9", ReceivedRefreshTokens = ["refresh-1", "refresh-9"] };
        yield return new("Simple JWT 400 on the field", Outcome.Configuration, Json(400, """{"refresh":["This field is required."]}""")) { Mode = TokenServerMode.SimpleJwt };
        yield return SimpleJwtError(Outcome.Configuration, 403, "permission_denied");
    }

    private static IEnumerable<Row> Transients()
    {
        foreach (var status in new[] { 408, 425, 429, 500, 501, 502, 503, 504, 599 })
        {
            yield return new($"{status} that says invalid_grant", Outcome.Transient, Json(status, """{"error":"invalid_grant"}""")) { Error = "invalid_grant" };
        }

        yield return SimpleJwtError(Outcome.Transient, 500, "token_not_valid");
        foreach (var error in new[] { "temporarily_unavailable", "server_error", "slow_down" })
        {
            yield return OAuthError(Outcome.Transient, 400, error);
        }

        yield return new("no such host", Outcome.Transient, Throws(new HttpRequestException(HttpRequestError.NameResolutionError, "Name or service not known", new SocketException((int)SocketError.HostNotFound))));
        yield return new("refused", Outcome.Transient, Throws(new HttpRequestException(
            HttpRequestError.ConnectionError, "Connection refused", new SocketException((int)SocketError.ConnectionRefused))));
        yield return new("reset while connecting", Outcome.Transient, Throws(new HttpRequestException(
            HttpRequestError.ConnectionError, "Connection reset", new SocketException((int)SocketError.ConnectionReset))));
        foreach (var status in new[] { 400, 401, 403, 404, 405, 413 })
        {
            yield return new($"{status} from a gateway", Outcome.Transient, Html(status));
        }

        yield return new("400 with JSON of another server", Outcome.Transient, Json(400, """{"message":"no"}"""));
        yield return new("Simple JWT 401 from a gateway", Outcome.Transient, Html(401)) { Mode = TokenServerMode.SimpleJwt };
    }

    private static IEnumerable<Row> ResponseLost()
    {
        yield return Doubtful("200 from a captive portal", Html(200));
        yield return Doubtful("200 with an array", Json(200, """["access_token"]"""));
        yield return Doubtful("200 without a body", () => new HttpResponseMessage(HttpStatusCode.OK));
        yield return Doubtful("204", () => new HttpResponseMessage(HttpStatusCode.NoContent));
        yield return Doubtful("200 with a form that isn't labelled as one", Answer(200, "access_token=access-9&refresh_token=refresh-9", "text/plain"));
        yield return Doubtful("Simple JWT 200 that is HTML", Html(200)) with { Mode = TokenServerMode.SimpleJwt };
        yield return Doubtful("cut before the answer", Throws(new HttpRequestException(HttpRequestError.ResponseEnded, "The response ended prematurely.")));
        yield return Doubtful("reset after sending", Throws(new HttpRequestException(HttpRequestError.Unknown, "Reset", new IOException("Reset", new SocketException((int)SocketError.ConnectionReset)))));
        yield return Doubtful("200 truncated in the text", Json(200, """{"access_token":"access-9","refresh_to"""));
        yield return Doubtful("200 cut off", () => new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(new CutStream()) });
        yield return Doubtful("200 longer than 1 MiB", Json(200, $$"""{"access_token":"access-9","padding":"{{new string('x', 1024 * 1024)}}"}"""));
        yield return Doubtful("Simple JWT 200 truncated", Json(200, """{"access":"access-9""")) with { Mode = TokenServerMode.SimpleJwt };
    }

    private static Row Doubtful(string name, Func<HttpResponseMessage> answer) =>
        new(name, Outcome.Transient, answer) { ReceivedRefreshTokens = ["refresh-1", "refresh-1"], LeavesDoubt = true };

    private static Row OAuthError(Outcome outcome, int status, string error) =>
        new($"{status} {error}", outcome, Json(status, $$"""{"error":"{{error}}","error_description":"Nobody reads this."}""")) { Error = error };

    private static Row SimpleJwtError(Outcome outcome, int status, string code) =>
        new($"Simple JWT {status} {code}", outcome, Json(status, $$"""{"detail":"Le jeton n'est pas valide","code":"{{code}}"}"""))
        {
            Error = code,
            Mode = TokenServerMode.SimpleJwt,
        };

    private static Func<HttpResponseMessage> Json(int status, string body) => Answer(status, body, "application/json");

    private static Func<HttpResponseMessage> Html(int status) => Answer(status, "<html><body>no</body></html>", "text/html");

    private static Func<HttpResponseMessage> Answer(int status, string body, string mediaType) =>
        () => new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8, mediaType) };

    private static HttpResponseMessage Redirect(int status)
    {
        var response = new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent("{}") };
        response.Headers.Location = new Uri("https://evil.example.com/token");
        return response;
    }

    private static Func<HttpResponseMessage> Throws(Exception exception) => () => throw exception;

    /// <summary>A body whose connection is gone after its first bytes.</summary>
    private sealed class CutStream : MemoryStream
    {
        private readonly byte[] _beginning = """{"access_token":"""u8.ToArray();
        private bool _isRead;

        public override bool CanSeek => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, System.Threading.CancellationToken cancellationToken = default)
        {
            if (_isRead)
            {
                return ValueTask.FromException<int>(new HttpIOException(HttpRequestError.ResponseEnded, "The response ended prematurely."));
            }

            _isRead = true;
            _beginning.CopyTo(buffer);
            return new ValueTask<int>(_beginning.Length);
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, System.Threading.CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }
}

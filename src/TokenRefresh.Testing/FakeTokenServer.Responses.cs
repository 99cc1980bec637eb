using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Web;

namespace TokenRefresh.Testing;

// How the server answers a call.
public sealed partial class FakeTokenServer
{
    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Require.NotNull(request, nameof(request));
        var body = await ReadAsync(request.Content, cancellationToken);
        var call = mode == TokenServerMode.SimpleJwt ? ReadJson(request.RequestUri, body) : ReadForm(body);
        Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage?>>? scripted;
        lock (_lock)
        {
            if (call.RefreshToken is not null)
            {
                _presented.Add(call.RefreshToken);
            }

            _bodies.Add(body);
            PeakInFlight = Math.Max(PeakInFlight, ++_inFlight);
            scripted = _script.Count > 0 ? _script.Dequeue() : _always;
        }

        try
        {
            if (_gate is { } gate)
            {
                await gate.PassAsync(cancellationToken);
            }

            return (scripted is null ? null : await scripted(request, cancellationToken)) ?? Answer(call);
        }
        finally
        {
            lock (_lock)
            {
                _inFlight--;
            }
        }
    }

    private static async Task<string> ReadAsync(HttpContent? content, CancellationToken cancellationToken) =>
#if NET
        content is null ? "" : await content.ReadAsStringAsync(cancellationToken);
#else
        content is null ? "" : await content.ReadAsStringAsync();
#endif

    // The blacklist view of Simple JWT gets the body of a refresh. The package's stock address has this word.
    private static Call ReadJson(Uri? address, string body)
    {
        // The form of an app whose Protocol is OAuth has no such member.
        if (body is not ['{', ..])
        {
            return new Call(null, null, null);
        }

        var token = JsonDocument.Parse(body).RootElement.GetProperty("refresh").GetString();
        return address?.AbsolutePath.Contains("blacklist") == true
            ? new Call(null, null, RevokedToken: token)
            : new Call(null, RefreshToken: token, null);
    }

    private static Call ReadForm(string body)
    {
        var form = HttpUtility.ParseQueryString(body);
        return new Call(form["grant_type"], form["refresh_token"], form["token"]);
    }

    private HttpResponseMessage Answer(Call call) => call switch
    {
        { RefreshToken: { } refreshToken } => RespondTo(refreshToken),
        { RevokedToken: { } revoked } => Revoke(revoked),
        { GrantType: "client_credentials" } => IssueToClient(),
        _ when mode == TokenServerMode.SimpleJwt => Json(HttpStatusCode.BadRequest, """{"refresh":["This field is required."]}"""),
        _ => Json(HttpStatusCode.BadRequest, """{"error":"unsupported_grant_type"}"""),
    };

    // RFC 7009, section 2.2: also an unknown token gets a success.
    private HttpResponseMessage Revoke(string token)
    {
        lock (_lock)
        {
            _accessTokens.Remove(token);
            if (_families.TryGetValue(token, out var family))
            {
                family.IsRevoked = true;
            }
        }

        return Json(HttpStatusCode.OK, "{}");
    }

    // RFC 6749, section 4.4.3: there is no refresh token.
    private HttpResponseMessage IssueToClient()
    {
        lock (_lock)
        {
            return Answer(Next(new Family()).Access, refresh: null);
        }
    }

    /// <summary>Answers a call with this refresh token as the server's mode does: with new tokens, or with a rejection.</summary>
    /// <param name="refreshToken">The token.</param>
    /// <returns>The response.</returns>
    public HttpResponseMessage RespondTo(string refreshToken)
    {
        lock (_lock)
        {
            if (!_families.TryGetValue(refreshToken, out var family) || family.IsRevoked)
            {
                return Refuse();
            }

            if (!_used.Add(refreshToken))
            {
                if (mode == TokenServerMode.ReuseWithinGracePeriod && family.Last.Parent == refreshToken)
                {
                    return Answer(family.Last.Access, family.Last.Refresh);
                }

                family.IsRevoked |= mode == TokenServerMode.ReuseRevokesFamily;
                return Refuse();
            }

            var (access, refresh) = Next(family);
            family.Last = (refreshToken, access, refresh);
            return Answer(access, refresh);
        }
    }

    private (string Access, string Refresh) Next(Family family)
    {
        var number = ++_number;
        var access = "access-" + number.ToString(CultureInfo.InvariantCulture);
        var refresh = "refresh-" + number.ToString(CultureInfo.InvariantCulture);
        _families[refresh] = family;
        _accessTokens[access] = Lifetime is { } lifetime ? _time.GetUtcNow() + lifetime : DateTimeOffset.MaxValue;
        return (access, refresh);
    }

    private HttpResponseMessage Answer(string access, string? refresh)
    {
        var refreshToken = refresh is null ? "" : $",\"refresh_token\":\"{refresh}\"";
        var expiresIn = Lifetime is { } lifetime ? ",\"expires_in\":" + lifetime.TotalSeconds.ToString(CultureInfo.InvariantCulture) : "";
        return Json(HttpStatusCode.OK, mode == TokenServerMode.SimpleJwt
            ? $$"""{"access":"{{access}}","refresh":"{{refresh}}"}"""
            : $$"""{"access_token":"{{access}}","token_type":"Bearer"{{refreshToken}}{{expiresIn}}}""");
    }

    private HttpResponseMessage Refuse() => mode == TokenServerMode.SimpleJwt
        ? Json(HttpStatusCode.Unauthorized, """{"detail":"Token is blacklisted","code":"token_not_valid"}""")
        : Json(HttpStatusCode.BadRequest, """{"error":"invalid_grant"}""");

    private static HttpResponseMessage Json(HttpStatusCode status, string body) =>
        new(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };

    private sealed record Call(string? GrantType, string? RefreshToken, string? RevokedToken);

    private sealed class Family
    {
        public bool IsRevoked { get; set; }

        public (string? Parent, string Access, string Refresh) Last { get; set; }
    }
}

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
#if NET
        var body = await request.Content!.ReadAsStringAsync(cancellationToken);
#else
        var body = await request.Content.ReadAsStringAsync();
#endif
        var refreshToken = mode == TokenServerMode.SimpleJwt
            ? JsonDocument.Parse(body).RootElement.GetProperty("refresh").GetString()!
            : HttpUtility.ParseQueryString(body)["refresh_token"]!;
        Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage?>>? scripted;
        lock (_lock)
        {
            _presented.Add(refreshToken);
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

            return (scripted is null ? null : await scripted(request, cancellationToken)) ?? Redeem(refreshToken);
        }
        finally
        {
            lock (_lock)
            {
                _inFlight--;
            }
        }
    }

    /// <summary>Answers a call with this refresh token as the server's mode does: with new tokens, or with a rejection.</summary>
    /// <param name="refreshToken">The token.</param>
    /// <returns>The response.</returns>
    public HttpResponseMessage Redeem(string refreshToken)
    {
        lock (_lock)
        {
            if (!_families.TryGetValue(refreshToken, out var family) || family.IsRevoked)
            {
                return Refuse();
            }

            if (!_used.Add(refreshToken))
            {
                if (mode == TokenServerMode.Grace && family.Last.Parent == refreshToken)
                {
                    return Answer(family.Last.Access, family.Last.Refresh);
                }

                family.IsRevoked |= mode == TokenServerMode.Family;
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

    private HttpResponseMessage Answer(string access, string refresh)
    {
        var expiresIn = Lifetime is { } lifetime ? ",\"expires_in\":" + lifetime.TotalSeconds.ToString(CultureInfo.InvariantCulture) : "";
        return Json(HttpStatusCode.OK, mode == TokenServerMode.SimpleJwt
            ? $$"""{"access":"{{access}}","refresh":"{{refresh}}"}"""
            : $$"""{"access_token":"{{access}}","refresh_token":"{{refresh}}","token_type":"Bearer"{{expiresIn}}}""");
    }

    private HttpResponseMessage Refuse() => mode == TokenServerMode.SimpleJwt
        ? Json(HttpStatusCode.Unauthorized, """{"detail":"Token is blacklisted","code":"token_not_valid"}""")
        : Json(HttpStatusCode.BadRequest, """{"error":"invalid_grant"}""");

    private static HttpResponseMessage Json(HttpStatusCode status, string body) =>
        new(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };

    private sealed class Family
    {
        public bool IsRevoked { get; set; }

        public (string? Parent, string Access, string Refresh) Last { get; set; }
    }
}

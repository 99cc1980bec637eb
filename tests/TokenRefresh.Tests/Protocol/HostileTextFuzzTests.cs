using System.Net;
using System.Net.Http.Headers;
using System.Text;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Handling;
using TokenRefresh.Protocol;
using TokenRefresh.Storage;

namespace TokenRefresh.Tests.Protocol;

/// <summary>Whatever comes over the network or out of a store gives a value, and no exception but the one that is named.</summary>
[Trait("Case", "C43")]
public sealed class HostileTextFuzzTests
{
    private const long Iterations = 20_000;

    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly MediaTypeHeaderValue Form = MediaTypeHeaderValue.Parse("application/x-www-form-urlencoded");

    // Bytes at random hardly ever get past the first check: half of what is tried is made of the pieces that matter.
    private static readonly string[] JsonPieces =
    [
        "{", "}", "[", "]", ":", ",", "\"", "\\", "\\u", "\\uD800", "\\u0061", "\"access_token\"", "\"refresh_token\"", "\"expires_in\"", "\"error\"", "\"code\"",
        "\"exp\"", "\"tokenrefresh\"", "\"lineage\"", "\"version\"", "\"saved\"", "\"end\"", "\"attempt\"", "\"tokens\"", "\"2030-01-01T00:00:00Z\"", "1", "-", "1e999", "0.5",
        "99999999999999999999", "null", "true", " ", "\n", "\0", "ä", "\uFFFD", "//", "/*", "\uFEFF", "access_token=", "&", "error=", "%", "%00", "+",
    ];

    private static readonly Gen<string> Json = Gen.OneOf([.. JsonPieces.Select(Gen.Const)]).Array[0, 40].Select(string.Concat);

    private static readonly Gen<byte[]> Body = Gen.OneOf(Gen.Byte.Array[0, 300], Json.Select(Encoding.UTF8.GetBytes), Json.Select(CutInHalf));

    private static readonly Gen<string> Header = Gen.OneOf(
        Gen.String[0, 60],
        Gen.OneOf([.. new[] { "error", "=", "\"", "\\", ",", " ", "invalid_token", "realm", ";", "\t", "error=\"", "scope" }.Select(Gen.Const)]).Array[0, 20].Select(string.Concat));

    [Fact]
    public void Any_body_gives_fields_or_nothing() => Body.Sample(
        body =>
        {
            using var fields = TokenFields.Read(body, body.Length % 2 == 0 ? null : Form);
            _ = fields?["access_token"];
            return fields?.ReadSeconds("expires_in") is not { } lifetime || lifetime >= TimeSpan.Zero;
        },
        iter: Iterations);

    [Fact]
    public void Any_answer_means_something() => Gen.Select(Gen.Int[100, 599], Body).Sample(
        (status, body) =>
        {
            using var answer = new TokenResponse(status) { Fields = TokenFields.Read(body, body.Length % 2 == 0 ? null : Form) };
            var oauth = TokenResponseClassifier.OAuth(answer, "Bearer", Now);
            var simple = TokenResponseClassifier.SimpleJwt(answer, Now);
            return Enum.IsDefined(oauth.Outcome) && Enum.IsDefined(simple.Outcome)
                && (status < 300 || oauth.Outcome is not (TokenEndpointOutcome.Succeeded or TokenEndpointOutcome.ResponseLost));
        },
        iter: Iterations);

    [Fact]
    public void Any_challenge_is_read_to_its_end() => Header.Sample(
        text =>
        {
            var reader = new ChallengeReader(text, "Bearer");
            var count = 0;
            while (reader.Read())
            {
                count++;
            }

            return count <= text.Length;
        },
        iter: Iterations);

    [Fact]
    public void Any_header_of_a_401_is_read() => Header.Sample(
        text =>
        {
            using var response = new HttpResponseMessage(HttpStatusCode.Unauthorized);
            response.Headers.TryAddWithoutValidation("WWW-Authenticate", "Bearer " + text);
            _ = BearerChallenge.Read(response, "Bearer");
        },
        iter: Iterations);

    [Fact]
    public void Any_retry_after_gives_a_pause_ahead_or_nothing() => Gen.Select(
        Gen.OneOf(Header, Gen.Long.Select(number => number.ToString(System.Globalization.CultureInfo.InvariantCulture)), Gen.DateTime.Select(date => date.ToString("R", System.Globalization.CultureInfo.InvariantCulture))),
        Gen.OneOf(Gen.Const("Tue, 01 Jan 2030 00:00:00 GMT"), Header)).Sample(
        (retryAfter, date) =>
        {
            using var response = new HttpResponseMessage(HttpStatusCode.ServiceUnavailable) { Content = new ByteArrayContent([]) };
            response.Headers.TryAddWithoutValidation("Retry-After", retryAfter);
            response.Headers.TryAddWithoutValidation("Date", date);
            var answer = TokenResponse.ReadAsync(response, "the token endpoint", new FakeTimeProvider(Now), CancellationToken.None).GetAwaiter().GetResult();
            return answer.RetryAfter is not { } pause || pause > TimeSpan.Zero;
        },
        iter: 5_000);

    [Fact]
    public void Any_record_is_read_or_called_unreadable() => Gen.OneOf(Gen.String[0, 200], Json, Gen.Select(Json, Gen.Int[0, 200]).Select(Damage)).Sample(
        text =>
        {
            try
            {
                _ = LoginRecordText.Read(text);
            }
            catch (TokenStoreConfigurationException)
            {
                // That is the answer, and it says nothing of the text.
            }
        },
        iter: Iterations);

    [Fact]
    public void Any_JWT_has_a_positive_lifetime_or_none() => Gen.Select(
        Gen.OneOf(Gen.String[0, 100], Json.Select(Jwt)),
        Gen.OneOf(Gen.String[0, 100], Json.Select(Jwt)),
        Gen.OneOf(Gen.Const((DateTimeOffset?)null), Gen.Const((DateTimeOffset?)Now), Gen.Const((DateTimeOffset?)DateTimeOffset.MinValue), Gen.Const((DateTimeOffset?)DateTimeOffset.MaxValue))).Sample(
        (access, refresh, date) => SimpleJwtLifetime.Read(access, refresh, date) is not { } lifetime || lifetime > TimeSpan.Zero,
        iter: Iterations);

    private static byte[] CutInHalf(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return bytes[..(bytes.Length / 2)];
    }

    // A good record in which something was overwritten.
    private static string Damage(string piece, int at)
    {
        var good = LoginRecordText.Write(new LoginRecord
        {
            State = LoginState.SignedIn,
            LoginId = "login",
            Version = 7,
            Tokens = "opaque",
            TokensAge = TimeSpan.FromSeconds(3),
            TokenHash = "0123456789ABCDEF",
            Lease = new RefreshLease("holder", TimeSpan.FromSeconds(35)),
            RetryPause = TimeSpan.FromMinutes(1),
            PossiblyUsed = true,
            KeepFor = TimeSpan.FromDays(7),
        });
        at = Math.Min(at, good.Length);
        return good[..at] + piece + good[Math.Min(good.Length, at + piece.Length)..];
    }

    private static string Jwt(string payload) =>
        "e30." + Convert.ToBase64String(Encoding.UTF8.GetBytes(payload)).TrimEnd('=').Replace('+', '-').Replace('/', '_') + ".c2ln";
}

using System.Text;
using TokenRefresh.Protocol;

namespace TokenRefresh.Tests.Protocol;

public sealed class SimpleJwtLifetimeTests
{
    private const long Now = 1_893_456_000;

    [Fact]
    public void The_servers_clock_is_the_answers_date()
    {
        var lifetime = SimpleJwtLifetime.Read(Jwt($$"""{"exp":{{Now + 300}},"iat":{{Now - 7200}}}"""), Jwt($$"""{"iat":{{Now - 50}}}"""), At(Now));

        Assert.Equal(TimeSpan.FromSeconds(300), lifetime);
    }

    [Fact]
    public void Without_a_date_it_is_the_new_refresh_tokens_birth()
    {
        var lifetime = SimpleJwtLifetime.Read(Jwt($$"""{"exp":{{Now + 300}},"iat":{{Now - 7200}}}"""), Jwt($$"""{"iat":{{Now}}}"""), date: null);

        Assert.Equal(TimeSpan.FromSeconds(300), lifetime);
    }

    [Fact]
    public void The_access_tokens_own_birth_is_never_used() =>
        Assert.Null(SimpleJwtLifetime.Read(Jwt($$"""{"exp":{{Now + 300}},"iat":{{Now}}}"""), refreshToken: null, date: null));

    [Theory]
    [InlineData("""{"exp":1893456000}""")]
    [InlineData("""{"exp":1893455999}""")]
    [InlineData("""{"exp":-5}""")]
    [InlineData("""{"exp":"1893456300"}""")]
    [InlineData("""{"exp":null}""")]
    [InlineData("""{"exp":1e300}""")]
    [InlineData("""{"exp":99999999999999999999999}""")]
    [InlineData("""{"exp":253402300799}""")]
    [InlineData("""{}""")]
    [InlineData("""[]""")]
    [InlineData("""5""")]
    [InlineData("""{"exp":""")]
    [InlineData("")]
    public void A_token_that_makes_no_sense_says_nothing(string payload) =>
        Assert.Null(SimpleJwtLifetime.Read(Jwt(payload), refreshToken: null, At(Now)));

    [Theory]
    [InlineData("")]
    [InlineData("opaque")]
    [InlineData("a.b")]
    [InlineData("a.b.c.d")]
    [InlineData("..")]
    [InlineData("a.!!.c")]
    [InlineData("a.=.c")]
    [InlineData("a.ä.c")]
    public void What_is_no_JWT_says_nothing(string token) => Assert.Null(SimpleJwtLifetime.Read(token, token, At(Now)));

    [Theory]
    [InlineData(16 * 1024, 300)]
    [InlineData((16 * 1024) + 1, null)]
    public void A_token_longer_than_any_is_not_looked_into(int length, int? seconds)
    {
        var jwt = Jwt($$"""{"exp":{{Now + 300}}}""");

        Assert.Equal(seconds, SimpleJwtLifetime.Read(jwt.PadRight(length, 'x'), refreshToken: null, At(Now))?.TotalSeconds);
    }

    [Fact]
    public void An_end_after_all_clocks_is_none() =>
        Assert.Null(SimpleJwtLifetime.Read(Jwt("""{"exp":253402300800}"""), Jwt("""{"iat":253402300799}"""), date: null));

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    public void A_birth_before_all_clocks_is_none(long birth) =>
        Assert.Null(SimpleJwtLifetime.Read(Jwt("""{"exp":300}"""), Jwt($$"""{"iat":{{birth}}}"""), date: null));

    private static DateTimeOffset At(long seconds) => DateTimeOffset.FromUnixTimeSeconds(seconds);

    private static string Jwt(string payload) =>
        "e30." + Convert.ToBase64String(Encoding.UTF8.GetBytes(payload)).TrimEnd('=').Replace('+', '-').Replace('/', '_') + ".c2ln";
}

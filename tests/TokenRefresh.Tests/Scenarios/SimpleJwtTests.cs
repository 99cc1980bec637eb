using System.Net;
using System.Text;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>Django Simple JWT, byte for byte as it was captured from a real server.</summary>
public sealed class SimpleJwtTests
{
    [Fact]
    [Trait("Case", "C32")]
    public async Task The_refresh_is_asked_for_as_the_real_server_wants_it()
    {
        string? mediaType = null;
        string? authorization = "unset";
        await using var app = TestApp.Create(mode: TokenServerMode.SimpleJwt);
        app.Tokens.RespondOnce((request, _) =>
        {
            mediaType = request.Content!.Headers.ContentType!.ToString();
            authorization = request.Headers.Authorization?.ToString();
            return Task.FromResult<HttpResponseMessage?>(null);
        });
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("""{"refresh":"refresh-1"}""", app.Tokens.ReceivedBodies.Single());
        Assert.Equal("application/json", mediaType);
        Assert.Null(authorization);
    }

    [Theory]
    [Trait("Case", "C32")]
    [InlineData("Token is blacklisted")]
    [InlineData("Token is invalid or expired")]
    [InlineData("Le jeton est invalide ou expiré")]
    public async Task Its_own_401_is_the_end_of_the_login_and_never_another_refresh(string detail)
    {
        await using var app = TestApp.Create(mode: TokenServerMode.SimpleJwt);
        app.Tokens.RespondOnce((_, _) =>
        {
            var answer = new HttpResponseMessage(HttpStatusCode.Unauthorized)
            {
                Content = new StringContent($$"""{"detail":"{{detail}}","code":"token_not_valid"}""", Encoding.UTF8, "application/json"),
            };
            answer.Headers.TryAddWithoutValidation("Www-Authenticate", "Bearer realm=\"api\"");
            return Task.FromResult<HttpResponseMessage?>(answer);
        });
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(1, app.Tokens.Calls);
        Assert.Equal("token_not_valid", Assert.Single(app.ReLogins).Error);
    }

    [Theory]
    [Trait("Case", "B01")]
    [InlineData("""{"detail":"No active account found for the given token."}""", null)]
    [InlineData("""{"detail":"Aucun compte actif trouvé"}""", null)]
    [InlineData("""{"detail":"x","code":"user_is_banned"}""", "user_is_banned")]
    [InlineData("""{"detail":"x","code":"refresh-1 is dead"}""", null)]
    public async Task A_401_for_a_deactivated_user_ends_the_login_once(string body, string? error)
    {
        await using var app = TestApp.Create(mode: TokenServerMode.SimpleJwt);
        app.Tokens.RespondAlways((_, _) =>
        {
            var answer = new HttpResponseMessage(HttpStatusCode.Unauthorized) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            answer.Headers.TryAddWithoutValidation("WWW-Authenticate", "Bearer realm=\"api\"");
            return Task.FromResult<HttpResponseMessage?>(answer);
        });
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();

        using var first = await app.GetAsync();
        using var second = await app.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, first.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, second.StatusCode);
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
        Assert.Equal(1, app.Api.Calls);
        var dead = Assert.Single(app.ReLogins);
        Assert.Equal((ReLoginReason.Rejected, error), (dead.Reason, dead.Error));
    }

    [Fact]
    [Trait("Case", "C32")]
    public async Task The_lifetime_is_measured_by_the_servers_own_clock()
    {
        await using var app = TestApp.Create(mode: TokenServerMode.SimpleJwt);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();

        // The server's clock is an hour ahead; the token lives five minutes all the same. Its iat is the old refresh token's.
        var serverNow = app.Time.GetUtcNow().AddHours(1);
        app.Tokens.RespondOnce((_, _) => Task.FromResult<HttpResponseMessage?>(new HttpResponseMessage
        {
            Headers = { Date = serverNow },
            Content = new StringContent($$"""{"access":"{{Jwt(serverNow.AddDays(-1), serverNow.AddMinutes(5))}}","refresh":"refresh-9"}"""),
        }));
        await app.Session.RefreshAsync();

        Assert.Equal(app.Time.GetUtcNow().AddMinutes(5), app.Refreshes.Single().ExpiresAt);
    }

    [Fact]
    [Trait("Case", "C32")]
    public async Task Without_a_date_the_new_refresh_token_tells_the_time()
    {
        await using var app = TestApp.Create(mode: TokenServerMode.SimpleJwt);
        await app.SignInAsync();
        var serverNow = app.Time.GetUtcNow().AddHours(-3);
        app.Tokens.RespondOnce((_, _) => Task.FromResult<HttpResponseMessage?>(new HttpResponseMessage
        {
            Content = new StringContent(
                $$"""{"access":"{{Jwt(serverNow.AddDays(-1), serverNow.AddMinutes(5))}}","refresh":"{{Jwt(serverNow, serverNow.AddDays(1))}}"}"""),
        }));
        await app.Session.RefreshAsync();

        Assert.Equal(app.Time.GetUtcNow().AddMinutes(5), app.Refreshes.Single().ExpiresAt);
    }

    private static string Jwt(DateTimeOffset issued, DateTimeOffset expires) =>
        "e30." + Base64Url($$"""{"iat":{{issued.ToUnixTimeSeconds()}},"exp":{{expires.ToUnixTimeSeconds()}}}""") + ".c2ln";

    private static string Base64Url(string text) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes(text)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}

using System.Net;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>What the challenge of a 401 decides: a refresh, or the 401 for the caller.</summary>
public sealed class ChallengeTests
{
    private const string OtherScheme = "oauthbearertoken realm=\"SCIM\"";
    private static readonly Uri Api = new("https://api.example.com/me");
    private static readonly Uri OtherApi = new("https://scim.example.com/me");

    [Theory]
    [Trait("Case", "A26")]
    [InlineData("Bearer realm=\"unbalanced, error=\"invalid_token\"")]
    [InlineData("Bearer error=\"invalid_token\", error_description=\"the token \"x\" expired")]
    public async Task A_bearer_challenge_that_NET_cant_parse_beside_another_line_is_refreshed(string challenge)
    {
        await using var app = await RejectingFirstTokenAsync(challenge, "Basic realm=\"x\"");

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["access-1", "access-2"], app.Api.Received.Select(request => request.Token));
    }

    [Theory]
    [Trait("Case", "B46")]
    [InlineData("Bearer error=\"insufficient_scope\"")]
    [InlineData("Bearer error=insufficient_scope scope=write")]
    [InlineData("Bearer error=\"insufficient_user_authentication\"")]
    [InlineData("Bearer error=\"insufficient_claims\", claims=\"eyJ9\"")]
    public async Task A_challenge_that_a_new_token_cant_answer_is_returned(string challenge)
    {
        await using var app = await RejectingFirstTokenAsync(challenge);

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Single(app.Api.Received);
        Assert.Equal(0, app.Tokens.Calls);
    }

    [Theory]
    [Trait("Case", "B46")]
    [InlineData(OtherScheme)]
    [InlineData("Basic realm=\"x\"")]
    [InlineData("Negotiate, NTLM")]
    public async Task A_challenge_of_another_scheme_is_refreshed_each_time_that_it_helps(string challenge)
    {
        await using var app = await RejectingFirstTokenAsync(challenge);
        using var first = await app.GetAsync();
        app.Time.Advance(TimeSpan.FromSeconds(30));
        Reject(app, OtherScheme, "access-1", "access-2");

        using var second = await app.GetAsync();

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (first.StatusCode, second.StatusCode));
        Assert.Equal(2, app.Tokens.Calls);
    }

    [Fact]
    [Trait("Case", "B46")]
    public async Task A_challenge_of_another_scheme_that_the_new_token_gets_too_is_returned_from_then_on()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Api.Answer(_ => Unauthorized(OtherScheme));

        for (var i = 0; i < 3; i++)
        {
            using var response = await app.GetAsync();
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            app.Time.Advance(TimeSpan.FromSeconds(30));
        }

        Assert.Equal(["access-1", "access-2", "access-2", "access-2"], app.Api.Received.Select(request => request.Token));
        Assert.Equal(1, app.Tokens.Calls);
    }

    [Fact]
    [Trait("Case", "B46")]
    public async Task One_origin_that_wants_another_scheme_costs_the_others_nothing()
    {
        await using var app = TestApp.Create(options =>
        {
            options.AllowedOrigins.Add(Api);
            options.AllowedOrigins.Add(OtherApi);
        });
        await app.SignInAsync();
        app.Api.Answer(request => request.Uri.Host == OtherApi.Host ? Unauthorized(OtherScheme) : null);
        using var atOther = await app.Client.GetAsync(OtherApi);
        app.Time.Advance(TimeSpan.FromSeconds(30));
        app.Api.Answer(request => request.Uri.Host == OtherApi.Host || request.Token == "access-2" ? Unauthorized(OtherScheme) : null);

        using var again = await app.Client.GetAsync(OtherApi);
        using var atApi = await app.Client.GetAsync(Api);

        Assert.Equal(HttpStatusCode.Unauthorized, again.StatusCode);
        Assert.Equal(HttpStatusCode.OK, atApi.StatusCode);
        Assert.Equal(2, app.Tokens.Calls);
    }

    [Fact]
    [Trait("Case", "B46")]
    public async Task A_new_login_gets_its_own_try_against_another_scheme()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Api.Answer(_ => Unauthorized(OtherScheme));
        using var first = await app.GetAsync();

        await app.SignInAsync();
        using var second = await app.GetAsync();

        Assert.Equal(2, app.Tokens.Calls);
    }

    [Fact]
    [Trait("Case", "B46")]
    public async Task Two_users_learn_about_another_scheme_separately()
    {
        var user = "a";
        await using var app = TestApp.Create(options => options.UserKey = (_, _) => user);
        await app.Sessions[TestApp.Name, "a"].SignInAsync(app.Tokens.Issue());
        await app.Sessions[TestApp.Name, "b"].SignInAsync(app.Tokens.Issue());
        app.Api.Answer(_ => Unauthorized(OtherScheme));
        using var ofA = await app.GetAsync();

        user = "b";
        using var ofB = await app.GetAsync();

        Assert.Equal(["refresh-1", "refresh-2"], app.Tokens.ReceivedRefreshTokens);
    }

    private static async Task<TestApp> RejectingFirstTokenAsync(params string[] challenges)
    {
        var app = TestApp.Create();
        await app.SignInAsync();
        app.Api.Answer(request => request.Token == "access-1" ? Unauthorized(challenges) : null);
        return app;
    }

    private static void Reject(TestApp app, string challenge, params string[] tokens) =>
        app.Api.Answer(request => tokens.Contains(request.Token) ? Unauthorized(challenge) : null);

    private static HttpResponseMessage Unauthorized(params string[] challenges)
    {
        var response = new HttpResponseMessage(HttpStatusCode.Unauthorized);
        foreach (var challenge in challenges)
        {
            response.Headers.TryAddWithoutValidation("WWW-Authenticate", challenge);
        }

        return response;
    }
}

using System.Net;
using System.Text;
using System.Text.Json;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>The app says what a response means, and never loses a refresh token by it.</summary>
public sealed class InterpretTokenResponseTests
{
    private const string Pair = """{"access_token":"access-9","refresh_token":"refresh-9"}""";

    [Fact]
    [Trait("Case", "B07")]
    public async Task Unauthorized_client_is_a_configuration_failure_unless_the_app_says_that_it_ends_the_login()
    {
        const string body = """{"error":"unauthorized_client","error_description":"refresh_token is invalid"}""";
        await using var byDefault = await Scene.SetAsync();
        byDefault.App.Tokens.RespondOnce(HttpStatusCode.Forbidden, body);
        byDefault.Expire();
        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => byDefault.App.GetAsync());

        await using var interpreted = await Scene.SetAsync(configure: options => options.InterpretTokenResponse = response =>
            response.GetString("error") == "unauthorized_client" ? TokenEndpointResult.Rejected("unauthorized_client") : null);
        interpreted.App.Tokens.RespondOnce(HttpStatusCode.Forbidden, body);
        interpreted.Expire();
        using var ended = await interpreted.App.GetAsync();

        Assert.Equal(TokenRefreshFailure.Configuration, failure.Failure);
        Assert.Contains("InterpretTokenResponse", failure.Message, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, ended.StatusCode);
        var dead = await interpreted.WaitForEventAsync();
        Assert.Equal((ReLoginReason.Rejected, "unauthorized_client"), (dead.Reason, dead.Error));
        Assert.Null(await interpreted.StoredRefreshTokenAsync());
    }

    [Fact]
    [Trait("Case", "B11")]
    public async Task A_server_error_for_a_dead_token_keeps_the_login_unless_the_app_says_that_it_ends_the_login()
    {
        // UAA and Micronaut answer so for a refresh token that is no longer valid.
        const string body = """{"error":"server_error","error_description":"Refresh token not found"}""";
        await using var byDefault = await Scene.SetAsync();
        byDefault.App.Tokens.RespondAlways(HttpStatusCode.InternalServerError, body);
        byDefault.Expire();
        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => byDefault.App.GetAsync());
        var calls = byDefault.App.Tokens.Calls;
        byDefault.App.Time.Advance(TimeSpan.FromMinutes(2));
        await Assert.ThrowsAsync<TokenRefreshException>(() => byDefault.App.GetAsync());

        await using var interpreted = await Scene.SetAsync(configure: options => options.InterpretTokenResponse = response =>
            response.GetString("error") == "server_error" ? TokenEndpointResult.Rejected("server_error") : null);
        interpreted.App.Tokens.RespondOnce(HttpStatusCode.InternalServerError, body);
        interpreted.Expire();
        using var ended = await interpreted.App.GetAsync();

        Assert.Equal(TokenRefreshFailure.Transient, failure.Failure);
        Assert.Equal(calls + 1, byDefault.App.Tokens.Calls);
        Assert.Equal(TokenSessionState.SignedIn, byDefault.App.Session.State);
        Assert.Equal("refresh-1", await byDefault.StoredRefreshTokenAsync());
        Assert.Equal(HttpStatusCode.Unauthorized, ended.StatusCode);
        Assert.Equal("server_error", (await interpreted.WaitForEventAsync()).Error);
        Assert.Equal(["refresh-1"], interpreted.App.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    [Trait("Case", "B03")]
    public async Task A_500_for_a_deleted_user_ends_the_login_where_the_app_says_so()
    {
        await using var scene = await Scene.SetAsync(TokenServerMode.SimpleJwt, options => options.InterpretTokenResponse = response =>
            response.StatusCode == HttpStatusCode.InternalServerError ? TokenEndpointResult.Rejected("user_deleted") : null);
        scene.App.Tokens.RespondOnce(HttpStatusCode.InternalServerError, "<html>Server Error</html>", "text/html");

        await scene.HoldAndExpireAsync(2);

        Assert.Equal(["refresh-1"], scene.App.Tokens.ReceivedRefreshTokens);
        Assert.Equal("user_deleted", (await scene.WaitForEventAsync()).Error);
    }

    [Fact]
    [Trait("Case", "B03")]
    public async Task Tokens_in_a_shape_of_the_servers_own_are_used()
    {
        await using var scene = await Scene.SetAsync(configure: options => options.InterpretTokenResponse = response =>
            response.Body is { } body && body.TryGetProperty("data", out var data)
                ? TokenEndpointResult.Succeeded(new TokenSet(data.GetProperty("token").GetString()!, data.GetProperty("next").GetString()))
                : null);
        scene.App.Tokens.RespondOnce(HttpStatusCode.OK, """{"data":{"token":"access-9","next":"refresh-9"}}""");

        var held = await scene.HoldAndExpireAsync(2);

        Assert.All(held, result => Assert.Equal(HttpStatusCode.OK, result.Status));
        Assert.Equal(2, scene.App.Api.CallsWith("access-9"));
        Assert.Equal("refresh-9", await scene.StoredRefreshTokenAsync());
    }

    [Fact]
    [Trait("Case", "B03")]
    public async Task A_function_that_throws_is_a_configuration_failure_and_loses_no_refresh_token()
    {
        using var log = new CapturingLoggerProvider();
        await using var scene = await Scene.SetAsync(
            configure: options => options.InterpretTokenResponse = response => throw new InvalidOperationException("kanarie " + response.GetString("access_token")),
            services: log.Add);
        scene.App.Tokens.RespondOnce(HttpStatusCode.OK, Pair);

        var held = await scene.HoldAndExpireAsync(2);

        foreach (var result in held)
        {
            var exception = Assert.IsType<TokenRefreshException>(result.Exception);
            Assert.Equal(TokenRefreshFailure.Configuration, exception.Failure);
            Assert.Contains("InterpretTokenResponse threw InvalidOperationException", exception.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("kanarie", exception.ToString(), StringComparison.Ordinal);
        }

        Assert.DoesNotContain(log.Messages, message => message.Text.Contains("kanarie", StringComparison.Ordinal));
        Assert.Equal(["refresh-1"], scene.App.Tokens.ReceivedRefreshTokens);
        Assert.Equal("refresh-9", await scene.StoredRefreshTokenAsync());
        Assert.Empty(scene.App.ReLogins);
    }

    [Theory]
    [Trait("Case", "B03")]
    [InlineData("without the refresh token")]
    [InlineData("misconfigured")]
    [InlineData("transient")]
    public async Task A_result_that_forgets_the_new_refresh_token_loses_none(string result)
    {
        await using var scene = await Scene.SetAsync(configure: options => options.InterpretTokenResponse = _ => result switch
        {
            "without the refresh token" => TokenEndpointResult.Succeeded(new TokenSet("access-8")),
            "misconfigured" => TokenEndpointResult.Misconfigured("the scope is missing."),
            _ => TokenEndpointResult.Transient("the scope is missing."),
        });
        scene.App.Tokens.RespondOnce(HttpStatusCode.OK, Pair);

        await scene.HoldAndExpireAsync(1);

        Assert.Equal(["refresh-1"], scene.App.Tokens.ReceivedRefreshTokens);
        Assert.Equal("refresh-9", await scene.StoredRefreshTokenAsync());
        Assert.Empty(scene.App.ReLogins);
    }

    [Fact]
    [Trait("Case", "B03")]
    public async Task A_login_that_the_app_calls_ended_is_ended_whatever_the_response_holds()
    {
        await using var scene = await Scene.SetAsync(configure: options => options.InterpretTokenResponse = _ => TokenEndpointResult.Rejected("blocked"));
        scene.App.Tokens.RespondOnce(HttpStatusCode.OK, Pair);

        await scene.HoldAndExpireAsync(1);

        Assert.Null(await scene.StoredRefreshTokenAsync());
        Assert.Equal("blocked", (await scene.WaitForEventAsync()).Error);
    }

    [Theory]
    [Trait("Case", "B03")]
    [InlineData(true, ReLoginReason.LostRotation)]
    [InlineData(false, ReLoginReason.Rejected)]
    public async Task A_function_that_throws_at_an_unreadable_success_leaves_the_refresh_token_possibly_used(bool isSuccess, ReLoginReason reason)
    {
        await using var scene = await Scene.SetAsync(
            configure: options => options.InterpretTokenResponse = response => response.Body is null ? throw new FormatException() : null);
        scene.App.Tokens.RespondOnce(isSuccess ? HttpStatusCode.OK : HttpStatusCode.Forbidden, "<html>", "text/html");
        await scene.HoldAndExpireAsync(1);

        scene.App.Tokens.RevokeRefreshTokens();
        scene.App.Time.Advance(TimeSpan.FromSeconds(61));
        using var refused = await scene.App.GetAsync();

        Assert.Equal(reason, (await scene.WaitForEventAsync()).Reason);
    }

    [Fact]
    [Trait("Case", "B03")]
    public async Task The_function_gets_the_status_the_headers_and_the_body_of_every_response()
    {
        var seen = new List<TokenEndpointResponse>();
        await using var scene = await Scene.SetAsync(configure: options => options.InterpretTokenResponse = response =>
        {
            seen.Add(response);
            return null;
        });
        scene.App.Tokens
            .RespondOnce(HttpStatusCode.ServiceUnavailable, "<html>", "text/html")
            .RespondOnce((_, _) => Task.FromResult<HttpResponseMessage?>(new HttpResponseMessage(HttpStatusCode.OK)
            {
                Headers = { { "X-Reason", ["one", "two"] } },
                Content = new StringContent("access_token=access-9&x=1&x=2", Encoding.UTF8, "application/x-www-form-urlencoded"),
            }));

        await scene.HoldAndExpireAsync(1);

        Assert.Equal([HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK], seen.Select(response => response.StatusCode));
        Assert.Null(seen[0].Body);
        Assert.Null(seen[0].GetString("error"));
        Assert.Equal(["one", "two"], seen[1].Headers["x-reason"]);
        Assert.StartsWith("application/x-www-form-urlencoded", Assert.Single(seen[1].Headers["content-type"]), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Object, seen[1].Body!.Value.ValueKind);
        Assert.Equal("access-9", seen[1].GetString("access_token"));
        Assert.Equal("2", seen[1].GetString("x"));
        Assert.Null(seen[1].GetString("y"));
        Assert.Equal("TokenEndpointResponse { StatusCode = 200 }", seen[1].ToString());
        Assert.Throws<ArgumentNullException>("name", () => seen[1].GetString(null!));
        Assert.Equal(1, scene.App.Api.CallsWith("access-9"));
    }
}

using System.Net;
using Microsoft.Extensions.Logging;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>TokenEndpoint or Protocol is set wrongly: no user is signed out, and the log says what to check.</summary>
[Trait("Case", "N6")]
public sealed class WrongEndpointTests
{
    [Theory]
    [InlineData(TokenServerMode.ReuseIsRejected, HttpStatusCode.NotFound, "<html>Not Found</html>", "text/html")]
    [InlineData(TokenServerMode.ReuseIsRejected, HttpStatusCode.NotFound, """{"status":404,"error":"Not Found","path":"/oauth/tokn"}""", "application/json")]
    [InlineData(TokenServerMode.ReuseIsRejected, HttpStatusCode.MethodNotAllowed, "", "text/plain")]
    [InlineData(TokenServerMode.ReuseIsRejected, HttpStatusCode.Gone, "", "text/plain")]
    [InlineData(TokenServerMode.ReuseIsRejected, HttpStatusCode.BadRequest, """{"refresh":["This field is required."]}""", "application/json")]
    [InlineData(TokenServerMode.ReuseIsRejected, HttpStatusCode.OK, "<html><form>Log in</form></html>", "text/html")]
    [InlineData(TokenServerMode.SimpleJwt, HttpStatusCode.BadRequest, """{"error":"invalid_request"}""", "application/json")]
    [InlineData(TokenServerMode.SimpleJwt, HttpStatusCode.Unauthorized, """{"error":"invalid_client"}""", "application/json")]
    [InlineData(TokenServerMode.SimpleJwt, HttpStatusCode.NotFound, """{"detail":"Not found."}""", "application/json")]
    public async Task The_error_names_the_URL_and_the_options_and_the_login_is_kept(TokenServerMode mode, HttpStatusCode status, string body, string mediaType)
    {
        using var log = new CapturingLoggerProvider();
        await using var scene = await Scene.SetAsync(
            mode, options => options.TokenEndpoint = new Uri("https://login.example.com/oauth/tokn?key=kanarie"), log.Add);
        scene.App.Tokens.RespondOnce(status, body, mediaType).RespondOnce(status, body, mediaType).RespondOnce(status, body, mediaType);
        scene.Expire();

        var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => scene.App.GetAsync());

        var logged = Assert.Single(log.Messages, message => message.EventName == "EndpointSuspect");
        Assert.Equal(LogLevel.Error, logged.Level);
        foreach (var text in new[] { exception.Message, logged.Text })
        {
            Assert.Contains("https://login.example.com/oauth/tokn answered", text, StringComparison.Ordinal);
            Assert.Contains("Check TokenEndpoint and Protocol", text, StringComparison.Ordinal);
            Assert.Contains("if no refresh has worked yet, TokenEndpoint is probably wrong.", text, StringComparison.Ordinal);
            Assert.DoesNotContain("try again later", text, StringComparison.Ordinal);
            Assert.DoesNotContain("kanarie", text, StringComparison.Ordinal);
        }

        Assert.Equal(TokenRefreshFailure.Transient, exception.Failure);
        Assert.Equal(TokenSessionState.SignedIn, scene.App.Session.State);
        Assert.Equal("refresh-1", await scene.StoredRefreshTokenAsync());
        Assert.Empty(scene.App.ReLogins);
    }

    [Theory]
    [InlineData(TokenServerMode.ReuseIsRejected, HttpStatusCode.BadRequest, """{"refresh":["This field is required."]}""", "as Django Simple JWT does, and Protocol is OAuth.")]
    [InlineData(TokenServerMode.SimpleJwt, HttpStatusCode.InternalServerError, "<html>RuntimeError</html>", "its path has no slash at its end")]
    [InlineData(TokenServerMode.SimpleJwt, HttpStatusCode.NotFound, "<html>Page not found</html>", ", which isn't a response of a token endpoint.")]
    public async Task The_message_names_the_mistake(TokenServerMode mode, HttpStatusCode status, string body, string mistake)
    {
        await using var scene = await Scene.SetAsync(mode, options => options.TokenEndpoint = new Uri("https://api.example.com/api/token/refresh"));
        scene.App.Tokens.RespondAlways(status, body);
        scene.Expire();

        var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => scene.App.GetAsync());

        Assert.Contains(mistake, exception.Message, StringComparison.Ordinal);
        Assert.Contains("Check TokenEndpoint and Protocol.", exception.Message, StringComparison.Ordinal);
        Assert.True(exception.IsTransient);
    }

    [Theory]
    [InlineData(TokenServerMode.ReuseIsRejected, HttpStatusCode.Unauthorized, """{"statusCode":401,"message":"Unauthorized"}""", true)]
    [InlineData(TokenServerMode.ReuseIsRejected, HttpStatusCode.Forbidden, """{"message":"Forbidden"}""", true)]
    [InlineData(TokenServerMode.ReuseIsRejected, HttpStatusCode.BadRequest, """{"message":"Bad Request","error":400}""", true)]
    [InlineData(TokenServerMode.SimpleJwt, HttpStatusCode.Unauthorized, """{"success":false,"message":"Token is blacklisted"}""", true)]
    [InlineData(TokenServerMode.ReuseIsRejected, HttpStatusCode.Unauthorized, "<html>", false)]
    [InlineData(TokenServerMode.ReuseIsRejected, HttpStatusCode.NotFound, """{"message":"Not Found"}""", false)]
    public async Task An_error_in_a_form_of_its_own_says_how_to_interpret_it(TokenServerMode mode, HttpStatusCode status, string body, bool isOfServer)
    {
        await using var scene = await Scene.SetAsync(mode);
        scene.App.Tokens.RespondAlways(status, body);
        scene.Expire();

        var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => scene.App.GetAsync());

        Assert.Equal(isOfServer, exception.Message.Contains("InterpretTokenResponse", StringComparison.Ordinal));
        Assert.Equal(TokenSessionState.SignedIn, scene.App.Session.State);
    }

    [Fact]
    public async Task A_server_error_of_a_URL_with_a_slash_is_no_mistake()
    {
        await using var scene = await Scene.SetAsync(
            TokenServerMode.SimpleJwt, options => options.TokenEndpoint = new Uri("https://api.example.com/api/token/refresh/"));
        scene.App.Tokens.RespondAlways(HttpStatusCode.InternalServerError, "<html>");
        scene.Expire();

        var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => scene.App.GetAsync());

        Assert.Contains("api/token/refresh/ answered 500. The login is kept; try again later.", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HttpStatusCode.ServiceUnavailable, "answered 503.")]
    [InlineData(HttpStatusCode.Forbidden, "Check whether a gateway in between answers.")]
    public async Task An_overloaded_server_or_a_gateway_is_no_error_in_the_log(HttpStatusCode status, string text)
    {
        using var log = new CapturingLoggerProvider();
        await using var scene = await Scene.SetAsync(services: log.Add);
        scene.App.Tokens.RespondAlways(status, "<html>");
        scene.Expire();

        var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => scene.App.GetAsync());

        Assert.Contains($"the token endpoint https://login.example.com/token answered {(int)status}", exception.Message, StringComparison.Ordinal);
        Assert.Contains(text, exception.Message, StringComparison.Ordinal);
        Assert.Equal(LogLevel.Warning, Assert.Single(log.Messages, message => message.EventName == "RefreshFailed").Level);
        Assert.DoesNotContain(log.Messages, message => message.Level == LogLevel.Error);
    }
}

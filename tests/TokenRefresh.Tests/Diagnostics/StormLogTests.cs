using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Diagnostics;

/// <summary>The log of many requests that share a refresh: a few lines in order, not one for each request.</summary>
public sealed class StormLogTests
{
    [Fact]
    public async Task A_refresh_for_200_requests_is_logged_in_three_lines()
    {
        var log = await StormAsync(_ => { });

        Assert.Equal(["SignedIn", "RefreshStarted", "Refreshed"], log);
    }

    [Fact]
    public async Task An_ended_login_is_logged_in_one_line_for_all_200()
    {
        var log = await StormAsync(app => app.Tokens.RevokeRefreshTokens());

        Assert.Equal(["SignedIn", "RefreshStarted", "ReLoginRequired"], log);
    }

    [Fact]
    public async Task A_failure_is_logged_in_one_line_for_all_200()
    {
        var log = await StormAsync(app => app.Tokens.RespondAlways(HttpStatusCode.Unauthorized, """{"error":"invalid_client"}"""));

        Assert.Equal(["SignedIn", "RefreshStarted", "RefreshMisconfigured"], log);
    }

    [Theory]
    [Trait("Case", "N10")]
    [InlineData("down", "RefreshFailed", "503", "Next attempt in")]
    [InlineData("refused", "RefreshFailed", "ConnectionRefused", "Next attempt in")]
    [InlineData("wrong client", "RefreshMisconfigured", "invalid_client", "First failure: this one")]
    [InlineData("wrong URL", "EndpointSuspect", "404", "Next attempt in")]
    [InlineData("no JSON", "EndpointSuspect", "200", "Next attempt in")]
    public async Task The_line_of_a_failure_says_where_why_and_when_the_next_attempt_is(string trouble, string eventName, string cause, string next)
    {
        var lines = await LinesAsync(trouble);

        var line = Assert.Single(lines, line => line.EventName == eventName).Text;
        Assert.All(["https://login.example.com/token", cause, next], part => Assert.Contains(part, line, StringComparison.Ordinal));
    }

    [Theory]
    [Trait("Case", "N10")]
    [InlineData("none")]
    [InlineData("down")]
    [InlineData("refused")]
    [InlineData("revoked")]
    [InlineData("no refresh token")]
    [InlineData("no code")]
    public async Task No_line_has_an_empty_value(string trouble)
    {
        var lines = await LinesAsync(trouble);

        Assert.True(lines.Length > 1);
        Assert.All(lines, line => Assert.DoesNotMatch(@"\(null\)|''|: ?[.,;)]|=\s*$", line.Text.Split('\n')[0]));
    }

    private static async Task<CapturingLoggerProvider.Message[]> LinesAsync(string trouble)
    {
        using var log = new CapturingLoggerProvider();
        await using var app = TestApp.Create(services: services =>
        {
            log.Add(services);
            ImpatientTime.In(services);
        });
        await app.SignInAsync();
        if (trouble == "no refresh token")
        {
            await app.Session.SignInAsync(new TokenSet(app.Tokens.Issue().AccessToken, refreshToken: null));
        }

        app.Tokens.ExpireAccessTokens();
        switch (trouble)
        {
            case "down":
                app.Tokens.RespondAlways(HttpStatusCode.ServiceUnavailable);
                break;
            case "refused":
                app.Tokens.RespondAlways((_, _) => throw new HttpRequestException(
                    HttpRequestError.ConnectionError, "refused", new SocketException((int)SocketError.ConnectionRefused)));
                break;
            case "wrong client":
                app.Tokens.RespondAlways(HttpStatusCode.Unauthorized, """{"error":"invalid_client"}""");
                break;
            case "wrong URL":
                app.Tokens.RespondAlways(HttpStatusCode.NotFound);
                break;
            case "no JSON":
                app.Tokens.RespondAlways(HttpStatusCode.OK, "<html>");
                break;
            case "no code":
                app.Tokens.RespondAlways(HttpStatusCode.BadRequest, "{}");
                break;
            case "revoked":
                app.Tokens.RevokeRefreshTokens();
                break;
        }

        await Record.ExceptionAsync(() => app.GetAsync().WaitAsync(Gate.FailSafe, TimeProvider.System));
        return [.. log.Messages.Where(message => message.Category.StartsWith("TokenRefresh", StringComparison.Ordinal))];
    }

    private static async Task<string?[]> StormAsync(Action<TestApp> trouble)
    {
        using var log = new CapturingLoggerProvider();
        await using var app = TestApp.Create(services: log.Add);
        await app.SignInAsync();
        var requests = await app.SendAtOnceAsync(200);
        app.Tokens.ExpireAccessTokens();
        trouble(app);
        app.Api.Release();
        await Task.WhenAll(requests).ContinueWith(_ => { }, TaskScheduler.Default).WaitAsync(Gate.FailSafe, TimeProvider.System);
        return [.. log.Messages.Where(message => message.Category == "TokenRefresh.TokenSession" && message.Level > LogLevel.Trace).Select(message => message.EventName)];
    }
}

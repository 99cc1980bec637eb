using System;
using System.Linq;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;
using Xunit;

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
        var log = await StormAsync(app => app.Tokens.Always(System.Net.HttpStatusCode.Unauthorized, """{"error":"invalid_client"}"""));

        Assert.Equal(["SignedIn", "RefreshStarted", "RefreshMisconfigured"], log);
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

using System.Net;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>The server's Retry-After is respected, up to its limit.</summary>
[Trait("Case", "C30")]
public sealed class RetryAfterCoolDownTests
{
    [Theory]
    [InlineData("120")]
    [InlineData("Tue, 01 Jan 2030 00:02:00 GMT")]
    public async Task Nobody_asks_before_the_pause_is_over(string retryAfter)
    {
        await using var scene = await Scene.SetAsync();
        scene.App.Tokens.RespondOnce((_, _) => Task.FromResult<HttpResponseMessage?>(Busy(retryAfter)));

        var held = await scene.HoldAndExpireAsync(3);

        Assert.Equal(1, scene.App.Tokens.Calls);
        Assert.All(held, result => Assert.Equal(TimeSpan.FromSeconds(120), Assert.IsType<TokenRefreshException>(result.Exception).RetryAfter));

        scene.App.Time.Advance(TimeSpan.FromSeconds(119));
        var next = await Assert.ThrowsAsync<TokenRefreshException>(() => scene.App.GetAsync());
        Assert.Equal(TimeSpan.FromSeconds(1), next.RetryAfter);
        await Assert.ThrowsAsync<TokenRefreshException>(() => scene.App.Session.RefreshAsync());
        Assert.Equal(1, scene.App.Tokens.Calls);

        scene.App.Time.Advance(TimeSpan.FromSeconds(1));
        using var response = await scene.App.GetAsync();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, scene.App.Tokens.Calls);
    }

    [Theory]
    [InlineData("86400")]
    [InlineData("2147483647")]
    [InlineData("Fri, 31 Dec 9999 23:59:59 GMT")]
    public async Task A_pause_of_days_is_believed_for_an_hour(string retryAfter)
    {
        await using var scene = await Scene.SetAsync();
        scene.App.Tokens.RespondOnce((_, _) => Task.FromResult<HttpResponseMessage?>(Busy(retryAfter)));
        await scene.HoldAndExpireAsync(1);

        scene.App.Time.Advance(TimeSpan.FromMinutes(59));
        await Assert.ThrowsAsync<TokenRefreshException>(() => scene.App.GetAsync());
        Assert.Equal(1, scene.App.Tokens.Calls);

        scene.App.Time.Advance(TimeSpan.FromMinutes(1));
        using var response = await scene.App.GetAsync();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, scene.App.Tokens.Calls);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("Mon, 31 Dec 2029 00:00:00 GMT")]
    public async Task A_pause_of_nothing_doesnt_switch_the_cool_down_off(string retryAfter)
    {
        await using var scene = await Scene.SetAsync();
        scene.App.Tokens.RespondAlways((_, _) => Task.FromResult<HttpResponseMessage?>(Busy(retryAfter)));
        await scene.HoldAndExpireAsync(1);

        for (var i = 0; i < 10; i++)
        {
            await Assert.ThrowsAsync<TokenRefreshException>(() => scene.App.GetAsync());
        }

        Assert.Equal(3, scene.App.Tokens.Calls);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    public async Task Neither_does_one_that_the_app_names(int seconds)
    {
        await using var scene = await Scene.SetAsync(configure: options => options.InterpretTokenResponse = _ =>
            TokenEndpointResult.Transient("the server is busy.", retryAfter: TimeSpan.FromSeconds(seconds)));
        scene.App.Tokens.RespondAlways(HttpStatusCode.ServiceUnavailable, "");
        await scene.HoldAndExpireAsync(1);

        for (var i = 0; i < 10; i++)
        {
            var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => scene.App.GetAsync());
            Assert.True(failure.RetryAfter > TimeSpan.Zero);
        }

        Assert.Equal(1, scene.App.Tokens.Calls);
    }

    [Fact]
    public async Task Requests_that_waited_for_a_failing_refresh_are_told_how_long_its_pause_is()
    {
        await using var scene = await Scene.SetAsync();
        scene.App.Tokens.RespondAlways(HttpStatusCode.ServiceUnavailable, "");

        var waited = await scene.HoldAndExpireAsync(3);

        var pauses = waited.Select(result => Assert.IsType<TokenRefreshException>(result.Exception).RetryAfter!.Value).Distinct();
        var pause = Assert.Single(pauses);
        Assert.InRange(pause, TimeSpan.FromSeconds(0.8), TimeSpan.FromSeconds(1.2));
        var calls = scene.App.Tokens.Calls;

        scene.App.Time.Advance(pause - TimeSpan.FromTicks(1));
        await Assert.ThrowsAsync<TokenRefreshException>(() => scene.App.GetAsync());
        Assert.Equal(calls, scene.App.Tokens.Calls);

        scene.App.Time.Advance(TimeSpan.FromTicks(1));
        await Assert.ThrowsAsync<TokenRefreshException>(() => scene.App.GetAsync());
        Assert.Equal(calls + 1, scene.App.Tokens.Calls);
    }

    private static HttpResponseMessage Busy(string retryAfter)
    {
        var response = new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
        response.Headers.TryAddWithoutValidation("Retry-After", retryAfter);
        return response;
    }
}

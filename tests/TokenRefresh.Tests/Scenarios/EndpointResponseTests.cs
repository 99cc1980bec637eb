using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>Each response of the token endpoint has one outcome for the app, the store and the held requests.</summary>
public sealed class EndpointResponseTests
{
    private const int Held = 3;

    [Theory]
    [Trait("Case", "C29")]
    [MemberData(nameof(EndpointAnswers.Names), MemberType = typeof(EndpointAnswers))]
    public async Task An_answer_has_one_outcome(string name)
    {
        var row = EndpointAnswers.Get(name);
        await using var scene = await Scene.SetAsync(row.Mode);
        scene.App.Tokens.RespondAlways((_, _) => Task.FromResult<HttpResponseMessage?>(row.Answer()));

        var held = await scene.HoldAndExpireAsync(Held);

        Assert.Equal(row.ReceivedRefreshTokens, scene.App.Tokens.ReceivedRefreshTokens);
        Assert.Equal(1, scene.App.Tokens.PeakInFlight);
        Assert.Equal(row.Stored, await scene.StoredRefreshTokenAsync());
        switch (row.Outcome)
        {
            case EndpointAnswers.Outcome.Committed:
                await AssertCommittedAsync(scene, held);
                break;
            case EndpointAnswers.Outcome.ReLogin:
                await AssertReLoginAsync(scene, row, held);
                break;
            case EndpointAnswers.Outcome.Configuration:
                await AssertFailedAsync(scene, row, held, TokenRefreshFailure.Configuration, TimeSpan.FromSeconds(60));
                break;
            default:
                await AssertFailedAsync(scene, row, held, TokenRefreshFailure.Transient, TimeSpan.FromSeconds(1.2));
                break;
        }
    }

    [Fact]
    [Trait("Case", "C29")]
    public async Task Tokens_that_need_a_proof_are_not_used_whichever_endpoint_gives_them_and_the_new_refresh_token_is_kept()
    {
        var endpoint = new MacEndpoint();
        await using var scene = await Scene.SetAsync(services: services => services.AddTokenSession(TestApp.Name).UseEndpoint(_ => endpoint));

        var held = await scene.HoldAndExpireAsync(Held);

        Assert.All(held, result => Assert.Equal(TokenRefreshFailure.Configuration, Assert.IsType<TokenRefreshException>(result.Exception).Failure));
        Assert.Equal(1, endpoint.Calls);
        Assert.Equal("refresh-9", await scene.StoredRefreshTokenAsync());
        Assert.Equal(0, scene.App.Api.CallsWith("mac-token"));
        Assert.Empty(scene.App.ReLogins);
    }

    [Theory]
    [Trait("Case", "C29")]
    [Trait("Case", "A25")]
    [MemberData(nameof(EndpointAnswers.Failures), MemberType = typeof(EndpointAnswers))]
    public async Task Only_an_answer_that_was_lost_makes_a_later_refusal_a_lost_rotation(string name)
    {
        var row = EndpointAnswers.Get(name);
        await using var scene = await Scene.SetAsync(row.Mode);
        scene.App.Tokens.RespondAlways((_, _) => Task.FromResult<HttpResponseMessage?>(row.Answer()));
        await scene.HoldAndExpireAsync(1);

        scene.App.Tokens.RespondAlways(null);
        scene.App.Tokens.RevokeRefreshTokens();
        scene.App.Time.Advance(TimeSpan.FromSeconds(61));
        using var refused = await scene.App.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal(row.LeavesDoubt ? ReLoginReason.LostRotation : ReLoginReason.Rejected, (await scene.WaitForEventAsync()).Reason);
    }

    [Fact]
    [Trait("Case", "C29")]
    [Trait("Case", "C21")]
    public async Task No_answer_within_the_deadline_is_transient_and_possibly_used_and_not_repeated()
    {
        await using var scene = await Scene.SetAsync(TokenServerMode.ReuseIsRejected);
        var called = scene.App.Tokens.Hold();
        var sending = scene.HoldAndExpireAsync(Held);
        await called.ArrivedAsync(1);

        scene.App.Time.Advance(TimeSpan.FromSeconds(30));
        var held = await sending;

        Assert.Equal(["refresh-1"], scene.App.Tokens.ReceivedRefreshTokens);
        Assert.All(held, result => Assert.Equal(TokenRefreshFailure.Transient, Assert.IsType<TokenRefreshException>(result.Exception).Failure));
        Assert.Equal("refresh-1", await scene.StoredRefreshTokenAsync());
        Assert.Empty(scene.App.ReLogins);

        called.Open();
        scene.App.Tokens.RevokeRefreshTokens();
        scene.App.Time.Advance(TimeSpan.FromSeconds(2));
        using var refused = await scene.App.GetAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal(ReLoginReason.LostRotation, (await scene.WaitForEventAsync()).Reason);
    }

    [Fact]
    [Trait("Case", "C29")]
    public async Task A_new_refresh_token_without_an_access_token_is_saved_first_and_then_asked_with()
    {
        await using var scene = await Scene.SetAsync(TokenServerMode.ReuseIsRejected);
        string? storedAtSecondCall = null;
        scene.App.Tokens
            .RespondOnce(HttpStatusCode.OK, """{"refresh_token":"refresh-9"}""")
            .RespondOnce(async (_, _) =>
            {
                storedAtSecondCall = await scene.StoredRefreshTokenAsync();
                return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("""{"access_token":"access-9","refresh_token":"refresh-10"}""") };
            });

        var held = await scene.HoldAndExpireAsync(Held);

        Assert.Equal(["refresh-1", "refresh-9"], scene.App.Tokens.ReceivedRefreshTokens);
        Assert.Equal("refresh-9", storedAtSecondCall);
        Assert.Equal("refresh-10", await scene.StoredRefreshTokenAsync());
        await AssertCommittedAsync(scene, held);
    }

    [Fact]
    [Trait("Case", "C29")]
    public async Task A_changed_scope_is_stored_and_a_missing_one_kept()
    {
        await using var scene = await Scene.SetAsync(TokenServerMode.ReuseIsRejected);
        scene.App.Tokens
            .RespondOnce(HttpStatusCode.OK, """{"access_token":"access-9","refresh_token":"refresh-9","scope":"read"}""")
            .RespondOnce(HttpStatusCode.OK, """{"access_token":"access-10","refresh_token":"refresh-10"}""");

        await scene.App.Session.RefreshAsync();
        Assert.Equal("read", (await scene.StoredAsync())!.Scope);

        await scene.App.Session.RefreshAsync();
        Assert.Equal("read", (await scene.StoredAsync())!.Scope);
    }

    [Fact]
    [Trait("Case", "C29")]
    public async Task Transient_failures_are_tried_three_times_half_a_second_and_a_second_apart()
    {
        await using var scene = await Scene.SetAsync(TokenServerMode.ReuseIsRejected);
        scene.App.Tokens.RespondOnce(HttpStatusCode.ServiceUnavailable, "").RespondOnce(HttpStatusCode.BadGateway, "");

        var held = await scene.HoldAndExpireAsync(Held);

        Assert.Equal(["refresh-1", "refresh-1", "refresh-1"], scene.App.Tokens.ReceivedRefreshTokens);
        Assert.All(held, result => Assert.Equal(HttpStatusCode.OK, result.Status));
        Assert.Collection(
            scene.Clock.Waits,
            first => Assert.InRange(first, TimeSpan.FromSeconds(0.4), TimeSpan.FromSeconds(0.6)),
            second => Assert.InRange(second, TimeSpan.FromSeconds(0.8), TimeSpan.FromSeconds(1.2)));
    }

    [Fact]
    [Trait("Case", "C29")]
    public async Task A_lost_answer_is_asked_for_once_more_at_once()
    {
        await using var scene = await Scene.SetAsync(TokenServerMode.ReuseWithinGracePeriod);
        scene.App.Tokens.RespondOnce((_, _) =>
        {
            scene.App.Tokens.RespondTo("refresh-1").Dispose();
            throw new HttpRequestException(HttpRequestError.ResponseEnded, "The response ended prematurely.");
        });

        var held = await scene.HoldAndExpireAsync(Held);

        Assert.Equal(["refresh-1", "refresh-1"], scene.App.Tokens.ReceivedRefreshTokens);
        Assert.Empty(scene.Clock.Waits);
        Assert.All(held, result => Assert.Equal(HttpStatusCode.OK, result.Status));
        Assert.Equal("refresh-2", await scene.StoredRefreshTokenAsync());
    }

    private static async Task AssertCommittedAsync(Scene scene, IReadOnlyList<Scene.Result> held)
    {
        var calls = scene.App.Tokens.Calls;
        Assert.All(held, result => Assert.Equal(HttpStatusCode.OK, result.Status));
        Assert.Equal(Held, scene.App.Api.CallsWith("access-9"));

        using var next = await scene.App.GetAsync();

        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
        Assert.Equal(Held + 1, scene.App.Api.CallsWith("access-9"));
        Assert.Equal(calls, scene.App.Tokens.Calls);
        Assert.Empty(scene.App.ReLogins);
    }

    private static async Task AssertReLoginAsync(Scene scene, EndpointAnswers.Row row, IReadOnlyList<Scene.Result> held)
    {
        Assert.All(held, result => Assert.Equal(HttpStatusCode.Unauthorized, result.Status));

        using var next = await scene.App.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, next.StatusCode);
        Assert.Equal(Held, scene.App.Api.Calls);
        Assert.Equal(row.ReceivedRefreshTokens, scene.App.Tokens.ReceivedRefreshTokens);
        var raised = await scene.WaitForEventAsync();
        Assert.Equal(row.Reason, raised.Reason);
        Assert.Equal(row.Error, raised.Error);
        Assert.Single(scene.App.ReLogins);
    }

    private static async Task AssertFailedAsync(
        Scene scene, EndpointAnswers.Row row, IReadOnlyList<Scene.Result> held, TokenRefreshFailure failure, TimeSpan coolDown)
    {
        foreach (var result in held)
        {
            var exception = Assert.IsType<TokenRefreshException>(result.Exception);
            Assert.Equal(failure, exception.Failure);
            Assert.Equal(row.Error, exception.Error);
        }

        // While the failure is remembered, no call is made. After that the endpoint is called with the stored refresh token.
        var next = await Assert.ThrowsAsync<TokenRefreshException>(() => scene.App.GetAsync());
        Assert.Equal(failure, next.Failure);
        Assert.Equal(row.ReceivedRefreshTokens, scene.App.Tokens.ReceivedRefreshTokens);
        Assert.Equal(Held, scene.App.Api.Calls);
        Assert.Empty(scene.App.ReLogins);

        scene.App.Time.Advance(coolDown);
        scene.App.Tokens.RespondAlways(HttpStatusCode.OK, row.Mode == TokenServerMode.SimpleJwt ? """{"access":"access-9"}""" : """{"access_token":"access-9"}""");
        using var mended = await scene.App.GetAsync();
        Assert.Equal(HttpStatusCode.OK, mended.StatusCode);
        Assert.Equal([.. row.ReceivedRefreshTokens, row.Stored!], scene.App.Tokens.ReceivedRefreshTokens);
        Assert.Empty(scene.App.ReLogins);
    }

    /// <summary>An endpoint of the app's own that gives tokens which need a proof.</summary>
    private sealed class MacEndpoint : ITokenEndpoint
    {
        public int Calls { get; private set; }

        public Task<TokenEndpointResult> RequestTokenAsync(TokenEndpointRequest request, CancellationToken cancellationToken)
        {
            Calls++;
            return Task.FromResult(TokenEndpointResult.Succeeded(new TokenSet("mac-token", "refresh-9") { Scheme = "MAC" }));
        }
    }
}

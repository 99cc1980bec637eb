using System.Net;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>The main case: an access token expires, it is refreshed once, and each request is sent again.</summary>
public sealed class RefreshAndResendTests
{
    [Fact]
    [Trait("Case", "C1")]
    public async Task An_expired_access_token_costs_one_refresh_and_the_request_succeeds()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
        Assert.Equal(["access-1", "access-2"], app.Api.Received.Select(request => request.Token));
        Assert.Single(app.Refreshes);
    }

    [Fact]
    [Trait("Case", "C1")]
    public async Task The_new_pair_is_in_the_store_before_the_request_is_sent_again()
    {
        var store = new MemoryTokenStore();
        await using var app = TestApp.Over(store);
        await app.SignInAsync();
        var first = await store.LoadAsync();
        app.Tokens.ExpireAccessTokens();
        long? versionAtSecondCall = null;
        app.Api.Answer(request =>
        {
            if (request.Token == "access-2")
            {
                versionAtSecondCall = store.LoadAsync().Result.Version;
            }

            return null;
        });

        using var response = await app.GetAsync();

        Assert.Equal(first.Version + 1, versionAtSecondCall);
    }

    [Fact]
    [Trait("Case", "C2")]
    public async Task A_dead_refresh_token_raises_one_event_and_is_never_sent_again()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        app.Tokens.RevokeRefreshTokens();

        using var first = await app.GetAsync();
        using var second = await app.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, first.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, second.StatusCode);
        Assert.Equal(1, app.Tokens.Calls);
        Assert.Equal(1, app.Api.Calls);
        var reLogin = Assert.Single(app.ReLogins);
        Assert.Equal(ReLoginReason.Rejected, reLogin.Reason);
        Assert.Equal("invalid_grant", reLogin.Error);
        Assert.Equal(TokenSessionState.ReLoginRequired, app.Session.State);
    }

    [Fact]
    [Trait("Case", "C2")]
    public async Task After_a_new_sign_in_requests_go_out_again()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        app.Tokens.RevokeRefreshTokens();
        using var refused = await app.GetAsync();

        await app.SignInAsync();
        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(1, app.Tokens.Calls);
    }

    [Theory]
    [Trait("Case", "C3")]
    [MemberData(nameof(Crowd.Sizes), MemberType = typeof(Crowd))]
    public async Task Many_requests_refused_at_once_cause_one_refresh(int count)
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        var requests = await app.SendAtOnceAsync(count);
        app.Tokens.ExpireAccessTokens();

        app.Api.Release();
        var statuses = await TestApp.StatusesOf(requests);

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
        Assert.Equal(count, app.Api.CallsWith("access-1"));
        Assert.Equal(count, app.Api.CallsWith("access-2"));
    }
}

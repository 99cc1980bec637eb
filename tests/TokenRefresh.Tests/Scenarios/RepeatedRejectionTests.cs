using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>Servers that reject every token can't make the client refresh in a loop.</summary>
public sealed class RepeatedRejectionTests
{
    [Fact]
    [Trait("Case", "C13")]
    public async Task An_API_that_refuses_every_token_costs_one_refresh_per_interval_and_one_resend_per_request()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Api.RejectEverything();

        for (var i = 0; i < 20; i++)
        {
            using var response = await app.GetAsync();
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        }

        Assert.Equal(1, app.Tokens.Calls);
        Assert.Equal(21, app.Api.Calls);

        app.Time.Advance(TimeSpan.FromSeconds(10));
        using var later = await app.GetAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, later.StatusCode);
        Assert.Equal(2, app.Tokens.Calls);
        Assert.Equal(23, app.Api.Calls);
        Assert.Empty(app.ReLogins);
    }

    [Fact]
    [Trait("Case", "C13")]
    public async Task Many_requests_to_an_API_that_rejects_every_token_cause_one_refresh()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        var requests = await app.SendAtOnceAsync(200);
        app.Api.RejectEverything();
        app.Api.Release();

        var statuses = await TestApp.StatusesOf(requests);

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.Unauthorized, status));
        Assert.Equal(1, app.Tokens.Calls);
        Assert.InRange(app.Api.Calls, 200, 400);
    }

    [Fact]
    [Trait("Case", "C13")]
    public async Task Without_an_interval_each_request_costs_one_refresh_and_no_more()
    {
        await using var app = TestApp.Create(options => options.MinRefreshInterval = TimeSpan.Zero);
        await app.SignInAsync();
        app.Api.RejectEverything();

        for (var i = 0; i < 5; i++)
        {
            using var response = await app.GetAsync();
        }

        Assert.Equal(5, app.Tokens.Calls);
        Assert.Equal(10, app.Api.Calls);
        Assert.Equal(0, app.Tokens.ReusedRefreshTokenCount);
    }

    [Theory]
    [Trait("Case", "C13")]
    [InlineData(",\"expires_in\":4", 0.99, 1)]
    [InlineData(",\"expires_in\":4", 1.0, 2)]
    [InlineData(",\"expires_in\":100", 9.99, 1)]
    [InlineData(",\"expires_in\":100", 10.0, 2)]
    [InlineData("", 9.99, 1)]
    public async Task The_interval_is_at_most_a_quarter_of_a_tokens_life(string lifetime, double refusedAfter, int refreshes)
    {
        await using var scene = await Scene.SetAsync();
        scene.Expire();
        scene.App.Tokens.RespondOnce(HttpStatusCode.OK, $$"""{"access_token":"access-2","refresh_token":"refresh-2"{{lifetime}}}""");
        scene.App.Tokens.RespondOnce(HttpStatusCode.OK, """{"access_token":"access-3","refresh_token":"refresh-3"}""");
        using var first = await scene.App.GetAsync();

        scene.App.Time.Advance(TimeSpan.FromSeconds(refusedAfter));
        scene.App.Api.Answer(request => new HttpResponseMessage(request.Token == "access-3" ? HttpStatusCode.OK : HttpStatusCode.Unauthorized));
        using var second = await scene.App.GetAsync();

        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal(refreshes, scene.App.Tokens.Calls);
        Assert.Equal(refreshes == 2 ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, second.StatusCode);
    }

    [Fact]
    [Trait("Case", "C15")]
    public async Task The_same_access_token_again_is_sent_once_more_and_its_second_401_is_the_callers()
    {
        await using var scene = await Scene.SetAsync();
        scene.Expire();
        scene.App.Tokens.RespondAlways(HttpStatusCode.OK, """{"access_token":"access-1","refresh_token":"refresh-2"}""");

        using var first = await scene.App.GetAsync();
        using var second = await scene.App.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, first.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, second.StatusCode);
        Assert.Equal(["refresh-1"], scene.App.Tokens.ReceivedRefreshTokens);
        Assert.Equal(3, scene.App.Api.Calls);
        Assert.Equal("refresh-2", await scene.StoredRefreshTokenAsync());
    }

    [Theory]
    [InlineData(2000)]
    [InlineData(1000)]
    [Trait("Case", "R1")]
    public async Task A_new_token_that_expired_on_the_way_is_replaced_and_the_request_sent_a_third_time(int milliseconds)
    {
        await using var app = TestApp.Create();
        app.Tokens.Lifetime = TimeSpan.FromSeconds(2);
        await app.SignInAsync();
        app.Api.Answer(request =>
        {
            if (request.Token == "access-3")
            {
                return null;
            }

            // The server is slow: by the time it looks at the token, that has expired, by a clock of whole seconds perhaps.
            app.Time.Advance(TimeSpan.FromMilliseconds(milliseconds));
            return new HttpResponseMessage(HttpStatusCode.Unauthorized);
        });

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["access-1", "access-2", "access-3"], app.Api.Received.Select(request => request.Token));
        Assert.Equal(["refresh-1", "refresh-2"], app.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    [Trait("Case", "R1")]
    public async Task A_request_is_sent_three_times_at_most()
    {
        await using var app = TestApp.Create();
        app.Tokens.Lifetime = TimeSpan.FromSeconds(2);
        await app.SignInAsync();
        app.Api.Answer(_ =>
        {
            app.Time.Advance(TimeSpan.FromSeconds(2));
            return new HttpResponseMessage(HttpStatusCode.Unauthorized);
        });

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(["access-1", "access-2", "access-3"], app.Api.Received.Select(request => request.Token));
    }

    [Fact]
    [Trait("Case", "R1")]
    public async Task A_new_token_that_was_replaced_on_the_way_is_replaced_in_the_request_too()
    {
        await using var app = TestApp.Create(options => options.MinRefreshInterval = TimeSpan.Zero);
        await app.SignInAsync();
        app.Api.Answer(request =>
        {
            if (request.Token == "access-2")
            {
                app.Session.RefreshAsync().GetAwaiter().GetResult();
            }

            return new HttpResponseMessage(request.Token == "access-3" ? HttpStatusCode.OK : HttpStatusCode.Unauthorized);
        });

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["access-1", "access-2", "access-3"], app.Api.Received.Select(request => request.Token));
        Assert.Equal(["refresh-1", "refresh-2"], app.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    [Trait("Case", "R1")]
    public async Task A_new_token_of_unknown_lifetime_is_not_replaced_because_of_a_second_401()
    {
        await using var app = TestApp.Create();
        app.Tokens.Lifetime = null;
        await app.SignInAsync();
        app.Api.Answer(_ =>
        {
            app.Time.Advance(TimeSpan.FromHours(1));
            return new HttpResponseMessage(HttpStatusCode.Unauthorized);
        });

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(["access-1", "access-2"], app.Api.Received.Select(request => request.Token));
    }

    [Theory]
    [Trait("Case", "C15")]
    [InlineData(",\"expires_in\":5", 5)]
    [InlineData(",\"expires_in\":\"3600\"", 3600)]
    [InlineData(",\"expires_in\":0", null)]
    [InlineData("", null)]
    [InlineData(",\"expires_in\":-60", null)]
    [InlineData(",\"expires_in\":1e300", null)]
    [InlineData(",\"expires_in\":\"soon\"", null)]
    [InlineData(",\"expires_in\":null", null)]
    public async Task Whatever_the_lifetime_says_there_is_no_loop(string lifetime, int? seconds)
    {
        await using var scene = await Scene.SetAsync();
        scene.Expire();
        scene.App.Tokens.RespondOnce(HttpStatusCode.OK, $$"""{"access_token":"access-9","refresh_token":"refresh-2"{{lifetime}}}""");
        scene.App.Tokens.RespondAlways(HttpStatusCode.OK, """{"access_token":"access-10","expires_in":86400}""");

        for (var i = 0; i < 5; i++)
        {
            using var response = await scene.App.GetAsync();
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Equal(1, scene.App.Tokens.Calls);

        // Known: not sent after its end. Unknown: used until a 401, for days if need be.
        scene.App.Time.Advance(TimeSpan.FromSeconds(seconds ?? 86400 * 30));
        using var later = await scene.App.GetAsync();
        Assert.Equal(seconds is null ? "access-9" : "access-10", scene.App.Api.Received[^1].Token);
    }

    [Fact]
    [Trait("Case", "C14")]
    public async Task A_token_call_through_the_guarded_client_is_a_clear_error_and_no_deadlock()
    {
        await using var app = TestApp.Create(services: services => services
            .AddTokenSession(TestApp.Name)
            .UseEndpoint(provider => new EndpointThroughGuardedClient(provider)));
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();

        var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync().WaitAsync(Gate.FailSafe, TimeProvider.System));

        Assert.Equal(TokenRefreshFailure.Configuration, exception.Failure);
        Assert.Contains("waits for itself", exception.Message, StringComparison.Ordinal);
        Assert.Contains("WithoutAccessToken", exception.Message, StringComparison.Ordinal);
        Assert.Equal(1, app.Api.Calls);
        Assert.Empty(app.ReLogins);
        Assert.Equal(TokenSessionState.SignedIn, app.Session.State);
    }

    [Fact]
    [Trait("Case", "C14")]
    public async Task A_forced_refresh_through_the_guarded_client_is_the_same_error()
    {
        await using var app = TestApp.Create(services: services => services
            .AddTokenSession(TestApp.Name)
            .UseEndpoint(provider => new EndpointThroughGuardedClient(provider)));
        await app.SignInAsync();
        app.Api.RejectEverything();

        var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.RefreshAsync().WaitAsync(Gate.FailSafe, TimeProvider.System));

        Assert.Equal(TokenRefreshFailure.Configuration, exception.Failure);
        Assert.Equal(1, app.Api.Calls);
    }

    [Fact]
    [Trait("Case", "C14")]
    public void A_handler_for_all_clients_is_refused_with_advice()
    {
        var services = new ServiceCollection();

        var exception = Assert.Throws<InvalidOperationException>(() =>
            services.ConfigureHttpClientDefaults(clients => clients.AddTokenRefreshHandler(_ => { })));

        Assert.Contains("AddTokenSession", exception.Message, StringComparison.Ordinal);
    }

    private sealed class EndpointThroughGuardedClient(IServiceProvider provider) : ITokenEndpoint
    {
        public async Task<TokenEndpointResult> RequestTokenAsync(TokenEndpointRequest request, CancellationToken cancellationToken)
        {
            var client = provider.GetRequiredService<IHttpClientFactory>().CreateClient(TestApp.Name);
            using var response = await client.PostAsync(new Uri("token", UriKind.Relative), content: null, cancellationToken);
            return TokenEndpointResult.Transient($"it answered {(int)response.StatusCode}.");
        }
    }
}

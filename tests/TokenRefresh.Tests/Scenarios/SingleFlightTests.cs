using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>All requests that need a refresh share one, and no refresh is made that none needs.</summary>
public sealed class SingleFlightTests
{
    [Theory]
    [Trait("Case", "C5")]
    [MemberData(nameof(Crowd.Sizes), MemberType = typeof(Crowd))]
    public async Task Late_401s_for_an_old_token_are_sent_again_without_a_second_refresh(int count)
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        var late = await app.SendAtOnceAsync(count);
        app.Tokens.ExpireAccessTokens();
        await app.Session.RefreshAsync();

        app.Api.Release();
        var statuses = await TestApp.StatusesOf(late);

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.Equal(1, app.Tokens.Calls);
        Assert.Equal(count, app.Api.CallsWith("access-2"));
    }

    [Fact]
    [Trait("Case", "C5")]
    public async Task A_late_401_for_a_token_that_was_new_a_moment_ago_is_sent_again_with_the_newer_one()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        await app.Session.RefreshAsync();
        var late = await app.SendAtOnceAsync(1);
        app.Tokens.ExpireAccessTokens();
        await app.Session.RefreshAsync();

        app.Api.Release();
        var statuses = await TestApp.StatusesOf(late);

        Assert.Equal([HttpStatusCode.OK], statuses);
        Assert.Equal(["access-2", "access-3"], app.Api.Received.Select(request => request.Token));
    }

    [Theory]
    [Trait("Case", "C5")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Those_who_were_refused_outside_http_share_one_refresh_too_at_once_or_one_after_another(bool atOnce)
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var asking = new Task<string?>[200];
        for (var i = 0; i < asking.Length; i++)
        {
            asking[i] = app.Session.GetAccessTokenAsync("access-1");
            if (!atOnce)
            {
                await asking[i];
            }
        }

        Assert.All(await Task.WhenAll(asking), token => Assert.Equal("access-2", token));
        Assert.Equal(1, app.Tokens.Calls);

        // Refreshed just now: another one wouldn't help.
        Assert.Equal("access-2", await app.Session.GetAccessTokenAsync("access-2"));
        Assert.Equal(1, app.Tokens.Calls);
        app.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("access-3", await app.Session.GetAccessTokenAsync("access-2"));
    }

    [Theory]
    [Trait("Case", "C6")]
    [MemberData(nameof(Crowd.Sizes), MemberType = typeof(Crowd))]
    public async Task While_a_refused_token_is_refreshed_no_new_request_goes_out_with_it(int count)
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var refresh = app.Tokens.Hold();
        var first = app.GetAsync();
        await refresh.ArrivedAsync(1);

        var others = Enumerable.Range(0, count).Select(_ => app.GetAsync()).ToArray();
        var callsDuringRefresh = app.Api.Calls;
        refresh.Open();
        var statuses = await TestApp.StatusesOf([first, .. others]);

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.Equal(1, callsDuringRefresh);
        Assert.Equal(1, app.Api.CallsWith("access-1"));
        Assert.Equal(1, app.Tokens.Calls);
    }

    [Fact]
    [Trait("Case", "C7")]
    public async Task Each_expiry_costs_one_refresh()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();

        for (var expiry = 1; expiry <= 5; expiry++)
        {
            app.Time.Advance(TimeSpan.FromMinutes(5));
            var statuses = await TestApp.StatusesOf(Enumerable.Range(0, 10).Select(_ => app.GetAsync()));

            Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
            Assert.Equal(expiry, app.Tokens.Calls);
        }

        Assert.Equal(0, app.Tokens.ReusedRefreshTokenCount);
    }

    [Theory]
    [Trait("Case", "C8")]
    [MemberData(nameof(Crowd.Sizes), MemberType = typeof(Crowd))]
    public async Task A_failing_refresh_costs_one_flight_and_all_get_the_same_outcome(int count)
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        var requests = await app.SendAtOnceAsync(count);
        app.Tokens.ExpireAccessTokens();
        app.Tokens.RespondAlways(HttpStatusCode.BadRequest, """{"error":"invalid_client"}""");

        app.Api.Release();

        foreach (var request in requests)
        {
            var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => request).WaitAsync(Gate.FailSafe, TimeProvider.System);
            Assert.Equal(TokenRefreshFailure.Configuration, exception.Failure);
            Assert.Equal("invalid_client", exception.Error);
        }

        Assert.Equal(1, app.Tokens.Calls);
        Assert.Equal(count, app.Api.Calls);
    }

    [Theory]
    [Trait("Case", "C9")]
    [MemberData(nameof(Crowd.Sizes), MemberType = typeof(Crowd))]
    public async Task Two_clients_on_one_session_cause_one_refresh(int count)
    {
        await using var app = TestApp.Create(services: services =>
            services.AddHttpClient("stock", client => client.BaseAddress = new Uri("https://api.example.com/"))
                .ConfigurePrimaryHttpMessageHandler(provider => provider.GetRequiredService<FakeApi>())
                .AddTokenRefreshHandler(TestApp.Name));
        await app.SignInAsync();
        var gate = app.Api.Hold();
        var stock = app.Services.GetRequiredService<IHttpClientFactory>().CreateClient("stock");
        var requests = Enumerable.Range(0, count)
            .Select(number => Task.Run(() => number % 2 == 0 ? app.GetAsync() : stock.GetAsync(new Uri("stock", UriKind.Relative))))
            .ToArray();
        await gate.ArrivedAsync(count);
        app.Tokens.ExpireAccessTokens();

        app.Api.Release();
        var statuses = await TestApp.StatusesOf(requests);

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.Equal(1, app.Tokens.Calls);
        Assert.Equal(count, app.Api.CallsWith("access-2"));
    }

    [Theory]
    [Trait("Case", "C11")]
    [MemberData(nameof(Crowd.Sizes), MemberType = typeof(Crowd))]
    public async Task Handlers_that_the_factory_builds_anew_during_a_flight_share_it(int count)
    {
        await using var app = TestApp.Create(options => options.AllowedOrigins.Add(new Uri("https://api.example.com")));
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var refresh = app.Tokens.Hold();
        var first = app.GetAsync();
        await refresh.ArrivedAsync(1);

        // Chains of their own, as after the handler's lifetime is over.
        var others = Enumerable.Range(0, count).Select(_ =>
        {
            var rebuilt = new HttpMessageInvoker(new TokenRefreshHandler(app.Session) { InnerHandler = app.Api }, disposeHandler: false);
            return rebuilt.SendAsync(new HttpRequestMessage(HttpMethod.Get, "https://api.example.com/me"), CancellationToken.None);
        }).ToArray();
        refresh.Open();
        var statuses = await TestApp.StatusesOf([first, .. others]);

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.Equal(1, app.Tokens.Calls);
    }

    [Fact]
    [Trait("Case", "C12")]
    public async Task A_refresh_token_that_stays_the_same_never_has_two_flights_at_once()
    {
        await using var app = TestApp.Create(options => options.MinRefreshInterval = TimeSpan.Zero);
        await app.SignInAsync();
        var number = 0;
        app.Tokens.RespondAlways((_, _) => Task.FromResult<HttpResponseMessage?>(new HttpResponseMessage
        {
            Content = new StringContent($$"""{"access_token":"same-{{Interlocked.Increment(ref number)}}"}"""),
        }));
        app.Api.RejectEverything();

        for (var round = 0; round < 50; round++)
        {
            await TestApp.StatusesOf(Enumerable.Range(0, 20).Select(_ => app.GetAsync()));
        }

        Assert.Equal(1, app.Tokens.PeakInFlight);
        Assert.All(app.Tokens.ReceivedRefreshTokens, token => Assert.Equal("refresh-1", token));
    }
}

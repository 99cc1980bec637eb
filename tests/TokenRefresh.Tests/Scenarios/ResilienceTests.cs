using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Time.Testing;
using Polly;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>AddStandardResilienceHandler around the handler and inside it. What docs/composing.md advises is done here.</summary>
[Trait("Case", "C31")]
public sealed class ResilienceTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly FakeTokenServer _tokens;
    private readonly FakeApi _api;
    private ServiceProvider? _services;
    private int _retries;

    public ResilienceTests()
    {
        _tokens = new FakeTokenServer(_time);
        _api = new FakeApi(_tokens);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_expired_token_costs_one_refresh_and_no_retry_in_either_order(bool isOutside)
    {
        var client = await CreateAsync(isOutside);
        _tokens.ExpireAccessTokens();

        using var response = await client.GetAsync(new Uri("me", UriKind.Relative));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["refresh-1"], _tokens.ReceivedRefreshTokens);
        Assert.Equal(1, _api.CallsWith("access-1"));
        Assert.Equal(1, _api.CallsWith("access-2"));
        Assert.Equal(0, _retries);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_overloaded_API_is_asked_again_with_the_token_in_either_order(bool isOutside)
    {
        var client = await CreateAsync(isOutside);
        _api.Answer(_ => _api.Calls == 1 ? new HttpResponseMessage(HttpStatusCode.ServiceUnavailable) : null);

        using var response = await client.GetAsync(new Uri("me", UriKind.Relative));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, _api.CallsWith("access-1"));
        Assert.Equal(0, _tokens.Calls);
        Assert.Equal(1, _retries);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_token_that_expires_between_two_attempts_is_refreshed_in_either_order(bool isOutside)
    {
        var client = await CreateAsync(isOutside);
        _api.Answer(_ =>
        {
            if (_api.Calls > 1)
            {
                return null;
            }

            _tokens.ExpireAccessTokens();
            return new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
        });

        using var response = await client.GetAsync(new Uri("me", UriKind.Relative));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["refresh-1"], _tokens.ReceivedRefreshTokens);
        Assert.Equal(1, _api.CallsWith("access-2"));
    }

    [Fact]
    public async Task Outside_it_repeats_a_transient_failure_and_the_next_flight_brings_the_token()
    {
        var client = await CreateAsync(isOutside: true);
        _tokens.ExpireAccessTokens();
        _tokens.RespondOnce(HttpStatusCode.ServiceUnavailable, "").RespondOnce(HttpStatusCode.ServiceUnavailable, "").RespondOnce(HttpStatusCode.ServiceUnavailable, "");

        using var response = await client.GetAsync(new Uri("me", UriKind.Relative));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(4, _tokens.Calls);
        Assert.Equal(1, _retries);
        Assert.Equal(1, _api.CallsWith("access-1"));
        Assert.Equal(1, _api.CallsWith("access-2"));
    }

    [Fact]
    public async Task Inside_it_never_sees_a_failed_refresh()
    {
        var client = await CreateAsync(isOutside: false);
        _tokens.ExpireAccessTokens();
        _tokens.RespondAlways(HttpStatusCode.ServiceUnavailable, "");

        var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => client.GetAsync(new Uri("me", UriKind.Relative)));

        Assert.True(exception.IsTransient);
        Assert.Equal(0, _retries);
        Assert.Equal(1, _api.Calls);
    }

    [Theory]
    [InlineData("invalid_client", TokenRefreshFailure.Configuration)]
    [InlineData("invalid_grant", TokenRefreshFailure.ReLoginRequired)]
    public async Task Outside_with_the_advised_predicate_it_never_repeats_a_terminal_failure(string error, TokenRefreshFailure failure)
    {
        var client = await CreateAsync(isOutside: true, isAdvised: true);
        _tokens.ExpireAccessTokens();
        _tokens.RespondAlways(HttpStatusCode.BadRequest, $$"""{"error":"{{error}}"}""");

        var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => client.GetAsync(new Uri("me", UriKind.Relative)));

        Assert.Equal(failure, exception.Failure);
        Assert.Equal(0, _retries);
        Assert.Equal(1, _tokens.Calls);
        Assert.Equal(1, _api.Calls);
    }

    [Theory]
    [InlineData("invalid_client", TokenRefreshFailure.Configuration)]
    [InlineData("invalid_grant", TokenRefreshFailure.ReLoginRequired)]
    public async Task By_default_outside_it_repeats_a_terminal_failure_without_a_token_call(string error, TokenRefreshFailure failure)
    {
        // The standard predicate takes every HttpRequestException for transient. What that costs is the caller's time, and nothing else.
        var client = await CreateAsync(isOutside: true);
        _tokens.ExpireAccessTokens();
        _tokens.RespondAlways(HttpStatusCode.BadRequest, $$"""{"error":"{{error}}"}""");

        var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => client.GetAsync(new Uri("me", UriKind.Relative)));

        Assert.Equal(failure, exception.Failure);
        Assert.Equal(3, _retries);
        Assert.Equal(1, _tokens.Calls);
        Assert.Equal(1, _api.Calls);
    }

    public async ValueTask DisposeAsync()
    {
        if (_services is not null)
        {
            await _services.DisposeAsync();
        }

        _api.Dispose();
        _tokens.Dispose();
    }

    private async Task<HttpClient> CreateAsync(bool isOutside, bool isAdvised = false)
    {
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(_time);
        ImpatientTime.In(services);
        var client = services.AddHttpClient(TestApp.Name, http => http.BaseAddress = new Uri("https://api.example.com/"))
            .ConfigurePrimaryHttpMessageHandler(() => _api);
        if (isOutside)
        {
            AddResilience(client, isAdvised);
        }

        client.AddTokenRefreshHandler(options =>
        {
            options.TokenEndpoint = new Uri("https://login.example.com/token");
            options.ClientId = "shop";
            options.ReLoginResult = ReLoginResult.Throw;
        });
        if (!isOutside)
        {
            AddResilience(client, isAdvised);
        }

        services.AddTokenSession(TestApp.Name).TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(() => _tokens);
        _services = services.BuildServiceProvider();
        await _services.GetRequiredService<TokenSessions>()[TestApp.Name].SignInAsync(_tokens.Issue());
        return _services.GetRequiredService<IHttpClientFactory>().CreateClient(TestApp.Name);
    }

    private void AddResilience(IHttpClientBuilder client, bool isAdvised) => client.AddStandardResilienceHandler(options =>
    {
        // Two seconds between attempts, as by default, on the clock of the test.
        options.Retry.Delay = TimeSpan.Zero;
        options.Retry.OnRetry = _ =>
        {
            _retries++;
            _time.Advance(TimeSpan.FromSeconds(2));
            return default;
        };
        if (isAdvised)
        {
            options.Retry.ShouldHandle = args => new(IsWorthRepeating(args.Outcome));
            options.CircuitBreaker.ShouldHandle = args => new(IsWorthRepeating(args.Outcome));
        }
    });

    // As in docs/composing.md.
    private static bool IsWorthRepeating(Outcome<HttpResponseMessage> outcome) =>
        outcome.Exception is not TokenRefreshException { IsTransient: false } && HttpClientResiliencePredicates.IsTransient(outcome);
}

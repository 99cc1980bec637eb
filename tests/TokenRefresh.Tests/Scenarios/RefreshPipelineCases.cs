using System;
using System.Net;
using System.Net.Http;
using System.Threading.Tasks;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;
using TokenRefresh.TestKit;
using Xunit;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>A pipeline of the user's own around the token call.</summary>
[Trait("Case", "C31")]
public sealed class RefreshPipelineCases
{
    [Fact]
    public async Task An_empty_pipeline_asks_once()
    {
        await using var scene = await Scene.SetAsync(configure: options => options.ConfigureRefreshPipeline = _ => { });
        scene.App.Tokens.Always(HttpStatusCode.ServiceUnavailable, "");

        var held = await scene.HoldAndExpireAsync(3);

        Assert.Equal(1, scene.App.Tokens.Calls);
        Assert.All(held, result => Assert.Equal(TokenRefreshFailure.Transient, Assert.IsType<TokenRefreshException>(result.Exception).Failure));
    }

    [Fact]
    public async Task A_retry_of_the_users_asks_as_often_as_it_says()
    {
        await using var scene = await Scene.SetAsync(configure: options => options.ConfigureRefreshPipeline = pipeline => pipeline.AddRetry(Retry(5)));
        scene.App.Tokens.Always(HttpStatusCode.ServiceUnavailable, "");

        await scene.HoldAndExpireAsync(3);

        Assert.Equal(6, scene.App.Tokens.Calls);
    }

    [Fact]
    public async Task An_open_circuit_is_a_transient_failure_and_leaves_no_doubt()
    {
        var breaker = new CircuitBreakerManualControl(isIsolated: true);
        await using var scene = await Scene.SetAsync(configure: options => options.ConfigureRefreshPipeline = pipeline =>
            pipeline.AddCircuitBreaker(new CircuitBreakerStrategyOptions<TokenEndpointResult> { ManualControl = breaker }));

        var held = await scene.HoldAndExpireAsync(3);

        Assert.Equal(0, scene.App.Tokens.Calls);
        Assert.All(held, result => Assert.Equal(TokenRefreshFailure.Transient, Assert.IsType<TokenRefreshException>(result.Exception).Failure));

        await breaker.CloseAsync(TestContext.Current.CancellationToken);
        scene.App.Tokens.RevokeRefreshTokens();
        scene.App.Time.Advance(TimeSpan.FromSeconds(2));
        using var refused = await scene.App.GetAsync();
        Assert.Equal(ReLoginReason.Rejected, (await scene.HeardAsync()).Reason);
    }

    [Fact]
    public async Task A_timeout_of_the_users_leaves_doubt_whatever_the_next_attempt_says()
    {
        await using var scene = await Scene.SetAsync(configure: options => options.ConfigureRefreshPipeline = pipeline => pipeline
            .AddRetry(Retry(1))
            .AddTimeout(new TimeoutStrategyOptions { Timeout = TimeSpan.FromSeconds(5) }));
        var called = new Gate();
        scene.App.Tokens
            .Next(async (_, cancellationToken) =>
            {
                await called.PassAsync(cancellationToken);
                return null;
            })
            .Next(HttpStatusCode.ServiceUnavailable, "");

        var sending = scene.HoldAndExpireAsync(1);
        await called.ArrivedAsync(1);
        scene.App.Time.Advance(TimeSpan.FromSeconds(5));
        await sending;

        Assert.Equal(2, scene.App.Tokens.Calls);
        scene.App.Tokens.RevokeRefreshTokens();
        scene.App.Time.Advance(TimeSpan.FromSeconds(2));
        using var refused = await scene.App.GetAsync();
        Assert.Equal(ReLoginReason.LostRotation, (await scene.HeardAsync()).Reason);
    }

    private static RetryStrategyOptions<TokenEndpointResult> Retry(int attempts) => new()
    {
        MaxRetryAttempts = attempts,
        Delay = TimeSpan.Zero,
        ShouldHandle = new PredicateBuilder<TokenEndpointResult>()
            .Handle<TimeoutRejectedException>()
            .HandleResult(result => result.Outcome == TokenEndpointOutcome.Transient),
    };
}

using System.Net;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>The app's own pipeline around the token call.</summary>
[Trait("Case", "C31")]
public sealed class ConfigureRefreshPipelineTests
{
    [Fact]
    public async Task An_empty_pipeline_asks_once()
    {
        await using var scene = await Scene.SetAsync(configure: options => options.ConfigureRefreshPipeline = _ => { });
        scene.App.Tokens.RespondAlways(HttpStatusCode.ServiceUnavailable, "");

        var held = await scene.HoldAndExpireAsync(3);

        Assert.Equal(1, scene.App.Tokens.Calls);
        Assert.All(held, result => Assert.Equal(TokenRefreshFailure.Transient, Assert.IsType<TokenRefreshException>(result.Exception).Failure));
    }

    [Fact]
    public async Task A_retry_of_the_users_asks_as_often_as_it_says()
    {
        await using var scene = await Scene.SetAsync(configure: options => options.ConfigureRefreshPipeline = pipeline => pipeline.AddRetry(Retry(5)));
        scene.App.Tokens.RespondAlways(HttpStatusCode.ServiceUnavailable, "");

        await scene.HoldAndExpireAsync(3);

        Assert.Equal(6, scene.App.Tokens.Calls);
    }

    [Theory]
    [InlineData("""{"access_token":"access-9","refresh_token":"refresh-9"}""", "refresh-9", HttpStatusCode.OK)]
    [InlineData("""{"refresh_token":"refresh-9"}""", "refresh-9", HttpStatusCode.ServiceUnavailable)]
    public async Task A_pipeline_that_throws_after_new_tokens_have_arrived_loses_none(string answer, string kept, HttpStatusCode next)
    {
        using var log = new CapturingLoggerProvider();
        await using var scene = await Scene.SetAsync(
            configure: options => options.ConfigureRefreshPipeline = pipeline => pipeline.AddRetry(new RetryStrategyOptions<TokenEndpointResult>
            {
                // The error code of a success is null.
                ShouldHandle = args => new ValueTask<bool>(args.Outcome.Result!.Error!.StartsWith("busy", StringComparison.Ordinal)),
            }),
            services: log.Add);
        scene.App.Tokens.RespondOnce(HttpStatusCode.OK, answer).RespondOnce(HttpStatusCode.ServiceUnavailable);

        var held = await scene.HoldAndExpireAsync(2);

        Assert.All(held, result => Assert.Equal(next == HttpStatusCode.OK, result.Status == HttpStatusCode.OK));
        Assert.Equal(kept, await scene.StoredRefreshTokenAsync());
        Assert.Contains(log.Messages, message => message.Text.Contains("callback of the app threw NullReferenceException", StringComparison.Ordinal));
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
        Assert.Equal(ReLoginReason.Rejected, (await scene.WaitForEventAsync()).Reason);
    }

    [Fact]
    public async Task A_timeout_of_the_users_leaves_doubt_whatever_the_next_attempt_says()
    {
        await using var scene = await Scene.SetAsync(configure: options => options.ConfigureRefreshPipeline = pipeline => pipeline
            .AddRetry(Retry(1))
            .AddTimeout(new TimeoutStrategyOptions { Timeout = TimeSpan.FromSeconds(5) }));
        var called = new Gate();
        scene.App.Tokens
            .RespondOnce(async (_, cancellationToken) =>
            {
                await called.PassAsync(cancellationToken);
                return null;
            })
            .RespondOnce(HttpStatusCode.ServiceUnavailable, "");

        var sending = scene.HoldAndExpireAsync(1);
        await called.ArrivedAsync(1);
        scene.App.Time.Advance(TimeSpan.FromSeconds(5));
        await sending;

        Assert.Equal(2, scene.App.Tokens.Calls);
        scene.App.Tokens.RevokeRefreshTokens();
        scene.App.Time.Advance(TimeSpan.FromSeconds(2));
        using var refused = await scene.App.GetAsync();
        Assert.Equal(ReLoginReason.LostRotation, (await scene.WaitForEventAsync()).Reason);
    }

    [Theory]
    [InlineData(false, ReLoginReason.Rejected)]
    [InlineData(true, ReLoginReason.LostRotation)]
    public async Task A_pipeline_that_gives_up_leaves_doubt_only_about_a_call_that_is_out(bool isOut, ReLoginReason reason)
    {
        var givingUp = new GivingUp { WaitsForAnswer = !isOut };
        await using var scene = await Scene.SetAsync(configure: options =>
            options.ConfigureRefreshPipeline = pipeline => pipeline.AddStrategy(_ => givingUp, new GivingUpOptions()));
        var called = new Gate();
        givingUp.Called = () => called.ArrivedAsync(1);
        scene.App.Tokens.RespondOnce(async (_, cancellationToken) =>
        {
            var passing = called.PassAsync(cancellationToken);
            if (isOut)
            {
                await passing;
            }

            return new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
        });
        await scene.HoldAndExpireAsync(1);

        givingUp.IsOver = true;
        scene.App.Tokens.RevokeRefreshTokens();
        scene.App.Time.Advance(TimeSpan.FromSeconds(2));
        using var refused = await scene.App.GetAsync();

        Assert.Equal(reason, (await scene.WaitForEventAsync()).Reason);
        called.Open();
    }

    [Fact]
    [Trait("Case", "C21")]
    public async Task A_call_that_outlives_its_deadline_leaves_doubt()
    {
        var endpoint = new SilentOnce();
        await using var app = TestApp.Create(services: services => services.AddTokenSession(TestApp.Name).UseEndpoint(_ => endpoint));
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var request = app.GetAsync();
        await endpoint.Calls.ArrivedAsync(1);
        app.Time.Advance(TimeSpan.FromSeconds(30));
        await Assert.ThrowsAsync<TokenRefreshException>(() => request);

        app.Time.Advance(TimeSpan.FromSeconds(2));
        using var refused = await app.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        await Eventually.UntilAsync(() => !app.ReLogins.IsEmpty);
        Assert.Equal(ReLoginReason.LostRotation, Assert.Single(app.ReLogins).Reason);
    }

    private static RetryStrategyOptions<TokenEndpointResult> Retry(int attempts) => new()
    {
        MaxRetryAttempts = attempts,
        Delay = TimeSpan.Zero,
        ShouldHandle = new PredicateBuilder<TokenEndpointResult>()
            .Handle<TimeoutRejectedException>()
            .HandleResult(result => result.Outcome == TokenEndpointOutcome.Transient),
    };

    private sealed class GivingUpOptions : ResilienceStrategyOptions;

    /// <summary>A strategy that gives up after the call or in the middle of it, without cancelling it.</summary>
    private sealed class GivingUp : ResilienceStrategy<TokenEndpointResult>
    {
        public bool WaitsForAnswer { get; init; }

        public bool IsOver { get; set; }

        public Func<Task> Called { get; set; } = () => Task.CompletedTask;

        protected override async ValueTask<Outcome<TokenEndpointResult>> ExecuteCore<TState>(
            Func<ResilienceContext, TState, ValueTask<Outcome<TokenEndpointResult>>> callback, ResilienceContext context, TState state)
        {
            var calling = callback(context, state).AsTask();
            if (IsOver)
            {
                return await calling;
            }

            await (WaitsForAnswer ? calling : Called());
            return Outcome.FromException<TokenEndpointResult>(new BrokenCircuitException());
        }
    }

    /// <summary>An endpoint that doesn't answer the first call, and refuses the next.</summary>
    private sealed class SilentOnce : ITokenEndpoint
    {
        public Gate Calls { get; } = new();

        public Task<TokenEndpointResult> RequestTokenAsync(TokenEndpointRequest request, CancellationToken cancellationToken)
        {
            _ = Calls.PassAsync(CancellationToken.None);
            return Calls.Arrived == 1 ? new TaskCompletionSource<TokenEndpointResult>().Task : Task.FromResult(TokenEndpointResult.Rejected("invalid_grant"));
        }
    }
}

using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Polly;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>A result that arrives after every caller has stopped waiting still counts.</summary>
public sealed class LateResultTests
{
    [Fact]
    public async Task A_user_who_is_late_counts_also_when_others_have_asked_meanwhile()
    {
        var answer = new TaskCompletionSource<TokenSet?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var asked = new Gate();
        await using var scene = await Scene.SetAsync(configure: options =>
        {
            options.InteractiveSignInTimeout = TimeSpan.FromMinutes(2);
            options.SignInInteractively = (_, _) =>
            {
                _ = asked.PassAsync();
                return answer.Task;
            };
        });
        var requests = await scene.App.SendAtOnceAsync(1);
        scene.App.Tokens.RevokeRefreshTokens();
        scene.Expire();
        scene.App.Api.Release();
        await asked.ArrivedAsync(1);
        scene.App.Time.Advance(TimeSpan.FromMinutes(2));
        using var first = await requests[0];
        Assert.Equal(HttpStatusCode.Unauthorized, first.StatusCode);

        scene.App.Time.Advance(TimeSpan.FromSeconds(2));
        using var other = await scene.App.GetAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, other.StatusCode);

        var raised = new Gate();
        scene.App.Session.TokensRefreshed += (_, _) => _ = raised.PassAsync();
        answer.SetResult(scene.App.Tokens.Issue());
        await raised.ArrivedAsync(1);

        Assert.Equal(TokenSessionState.SignedIn, scene.App.Session.State);
    }

    [Fact]
    [Trait("Case", "C38")]
    public async Task A_callback_that_signs_in_by_itself_leaves_nothing_to_tell()
    {
        for (var round = 0; round < 30; round++)
        {
            TestApp? app = null;
            await using var scene = await Scene.SetAsync(configure: options => options.SignInInteractively = async (_, ct) =>
            {
                await app!.Session.SignInAsync(app.Tokens.Issue(), ct);
                return null;
            });
            app = scene.App;
            var requests = await app.SendAtOnceAsync(1);
            app.Tokens.RevokeRefreshTokens();
            scene.Expire();
            app.Api.Release();
            using var first = await requests[0];
            await app.Services.DisposeAsync();
            Assert.Equal((round, 0), (round, app.ReLogins.Count));
        }
    }

    [Fact]
    [Trait("Case", "C21")]
    public async Task A_late_answer_with_a_successor_but_no_access_token_is_saved()
    {
        var store = new MemoryTokenStore();
        var endpoint = new LateSuccessor();
        await using var app = TestApp.Create(services: services => services.AddTokenSession(TestApp.Name).UseStore(store).UseEndpoint(_ => endpoint));
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var request = app.GetAsync();
        await endpoint.Calls.ArrivedAsync(1);
        app.Time.Advance(TimeSpan.FromSeconds(30));
        await Assert.ThrowsAsync<TokenRefreshException>(() => request);
        endpoint.Answer.SetResult(TokenEndpointResult.RefreshTokenOnly("successor"));
        using var failSafe = new CancellationTokenSource(Gate.FailSafe);
        while (await store.RefreshTokenAsync() == "refresh-1")
        {
            failSafe.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Assert.Equal("successor", await store.RefreshTokenAsync());
    }

    [Fact]
    [Trait("Case", "C21")]
    public async Task A_session_that_tokens_have_reached_late_is_well()
    {
        var endpoint = new DeafEndpoint();
        await using var app = TestApp.Create(services: services => services.AddTokenSession(TestApp.Name).UseEndpoint(_ => endpoint));
        await app.SignInAsync();
        var raised = new Gate();
        app.Session.TokensRefreshed += (_, _) => _ = raised.PassAsync();
        app.Tokens.ExpireAccessTokens();
        var request = app.GetAsync();
        await endpoint.Calls.ArrivedAsync(1);
        app.Time.Advance(TimeSpan.FromSeconds(30));
        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => request);
        Assert.Contains("no answer within RefreshTimeout, 30 s.", failure.Message, StringComparison.Ordinal);
        await endpoint.AnswerAsync();
        await raised.ArrivedAsync(1);

        Assert.Equal(TokenSessionState.SignedIn, app.Session.State);
        app.Time.Advance(TimeSpan.FromMinutes(10));
        Assert.Null(app.Session.GetHealth().LastFailure);
    }

    [Fact]
    public async Task A_refresh_token_that_the_pipeline_held_back_until_the_deadline_was_not_sent()
    {
        var held = new Gate();
        await using var app = TestApp.Create(
            options => options.ConfigureRefreshPipeline = pipeline => pipeline.AddStrategy(_ => new HoldingStrategy(held)));
        await app.SignInAsync();
        var refresh = app.Session.RefreshAsync();
        await held.ArrivedAsync(1);

        app.Time.Advance(TimeSpan.FromSeconds(30));
        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => refresh);

        Assert.Contains("no connection within RefreshTimeout, 30 s.", failure.Message, StringComparison.Ordinal);
        Assert.Empty(app.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    public async Task Tokens_that_arrived_before_the_deadline_count_while_the_pipeline_is_still_busy()
    {
        var busy = new Gate();
        await using var app = TestApp.Create(
            options => options.ConfigureRefreshPipeline = pipeline => pipeline.AddStrategy(_ => new BusyStrategy(busy)));
        await app.SignInAsync();
        var refresh = app.Session.RefreshAsync();
        await busy.ArrivedAsync(1);

        app.Time.Advance(TimeSpan.FromSeconds(30));
        await refresh.WaitAsync(Gate.FailSafe, TimeProvider.System);
        Assert.Equal("access-2", await app.Session.GetAccessTokenAsync());

        busy.Open();
        await app.Session.RefreshAsync();
        Assert.Equal(["refresh-1", "refresh-2"], app.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    public async Task The_token_of_a_client_that_arrived_before_the_deadline_is_saved()
    {
        var busy = new Gate();
        var records = new MemoryTokenStore();
        await using var app = CreateClient(new CancellableStore(records), pipeline => pipeline.AddStrategy(_ => new BusyStrategy(busy)));
        await using var other = CreateClient(records);
        var asking = app.Session.GetAccessTokenAsync();
        await busy.ArrivedAsync(1);

        app.Time.Advance(TimeSpan.FromSeconds(30));
        var token = await asking.WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.NotNull(token);
        Assert.Equal(token, await other.Session.GetAccessTokenAsync().WaitAsync(Gate.FailSafe, TimeProvider.System));
        Assert.Equal(0, other.Tokens.Calls);
        busy.Open();
    }

    private static TestApp CreateClient(ITokenStore store, Action<ResiliencePipelineBuilder<TokenEndpointResult>>? pipeline = null) => TestApp.Over(store, options =>
    {
        options.GrantType = TokenGrantType.ClientCredentials;
        options.ClientSecret = "secret-1";
        options.ConfigureRefreshPipeline = pipeline;
    });

    private sealed class CancellableStore(ITokenStore inner) : StoreAround(inner)
    {
        protected override ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return base.WriteAsync(write, cancellationToken);
        }
    }

    private sealed class BusyStrategy(Gate busy) : ResilienceStrategy<TokenEndpointResult>
    {
        protected override async ValueTask<Outcome<TokenEndpointResult>> ExecuteCore<TState>(
            Func<ResilienceContext, TState, ValueTask<Outcome<TokenEndpointResult>>> callback, ResilienceContext context, TState state)
        {
            var outcome = await callback(context, state);
            await busy.PassAsync(CancellationToken.None);
            return outcome;
        }
    }

    private sealed class HoldingStrategy(Gate held) : ResilienceStrategy<TokenEndpointResult>
    {
        protected override async ValueTask<Outcome<TokenEndpointResult>> ExecuteCore<TState>(
            Func<ResilienceContext, TState, ValueTask<Outcome<TokenEndpointResult>>> callback, ResilienceContext context, TState state)
        {
            await held.PassAsync(context.CancellationToken);
            return await callback(context, state);
        }
    }

    private sealed class LateSuccessor : ITokenEndpoint
    {
        public Gate Calls { get; } = new();

        public TaskCompletionSource<TokenEndpointResult> Answer { get; } = new();

        public Task<TokenEndpointResult> RequestTokenAsync(TokenEndpointRequest request, CancellationToken cancellationToken)
        {
            _ = Calls.PassAsync(CancellationToken.None);
            return Answer.Task;
        }
    }
}

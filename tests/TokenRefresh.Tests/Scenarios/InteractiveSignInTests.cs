using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>An app that can ask the user at once: held requests wait for the new login and continue with it.</summary>
public sealed class InteractiveSignInTests
{
    [Theory]
    [Trait("Case", "C38")]
    [InlineData(2)]
    [InlineData(200)]
    [InlineData(2_000)]
    public async Task All_held_requests_wait_for_one_question_and_go_on(int count)
    {
        var user = new User();
        await using var scene = await SetAsync(user);
        var requests = await HoldAsync(scene, count);
        await user.AskedAsync();
        Assert.Equal(0, requests.Count(request => request.IsCompleted));

        user.LogsIn(scene.App.Tokens.Issue());
        var results = await Task.WhenAll(requests.Select(Scene.Result.OfAsync)).WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.All(results, result => Assert.Equal(HttpStatusCode.OK, result.Status));
        Assert.Equal(1, user.Questions);
        Assert.Equal(1, scene.App.Tokens.Calls);
        Assert.Empty(scene.App.ReLogins);
        Assert.Equal(TokenSessionState.SignedIn, scene.App.Session.State);
        Assert.Equal("refresh-2", await scene.StoredRefreshTokenAsync());
    }

    [Fact]
    public async Task A_user_who_declines_is_not_asked_again_until_the_next_sign_in()
    {
        var user = new User();
        await using var scene = await SetAsync(user);
        var requests = await HoldAsync(scene, 10);
        await user.AskedAsync();

        user.Declines();
        var results = await Task.WhenAll(requests.Select(Scene.Result.OfAsync)).WaitAsync(Gate.FailSafe, TimeProvider.System);
        using var next = await scene.App.GetAsync();

        Assert.All(results, result => Assert.Equal(HttpStatusCode.Unauthorized, result.Status));
        Assert.Equal(HttpStatusCode.Unauthorized, next.StatusCode);
        await scene.WaitForEventAsync();
        scene.App.Time.Advance(TimeSpan.FromMinutes(1));
        using var later = await scene.App.GetAsync();
        Assert.Equal(1, user.Questions);
        Assert.Single(scene.App.ReLogins);

        await scene.App.SignInAsync();
        scene.App.Tokens.RevokeRefreshTokens();
        scene.App.Api.Answer(request => new HttpResponseMessage(request.Token == "access-3" ? HttpStatusCode.OK : HttpStatusCode.Unauthorized));
        var again = scene.App.GetAsync();
        await user.AskedAsync(2);
        user.LogsIn(scene.App.Tokens.Issue());
        using var repaired = await again;
        Assert.Equal(HttpStatusCode.OK, repaired.StatusCode);
    }

    [Fact]
    public async Task A_callback_that_throws_is_a_user_who_declines()
    {
        var user = new User();
        await using var scene = await SetAsync(user);
        var requests = await HoldAsync(scene, 2);
        await user.AskedAsync();

        user.Fails(new InvalidOperationException("no browser"));
        var results = await Task.WhenAll(requests.Select(Scene.Result.OfAsync)).WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.All(results, result => Assert.Equal(HttpStatusCode.Unauthorized, result.Status));
        await scene.WaitForEventAsync();
    }

    [Fact]
    public async Task Tokens_of_another_scheme_are_no_login()
    {
        var user = new User();
        await using var scene = await SetAsync(user);
        var requests = await HoldAsync(scene, 2);
        await user.AskedAsync();

        user.LogsIn(new TokenSet("proof-1", "refresh-9") { Scheme = "DPoP" });
        var results = await Task.WhenAll(requests.Select(Scene.Result.OfAsync)).WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.All(results, result => Assert.Equal(HttpStatusCode.Unauthorized, result.Status));
        await scene.WaitForEventAsync();
        Assert.Equal(0, scene.App.Api.CallsWith("proof-1"));
        Assert.Null(await scene.StoredRefreshTokenAsync());
    }

    [Fact]
    public async Task A_user_who_answers_late_ends_the_wait_of_requests_and_still_signs_in_for_later_ones()
    {
        var user = new User();
        await using var scene = await SetAsync(user, options => options.InteractiveSignInTimeout = TimeSpan.FromMinutes(2));
        var requests = await HoldAsync(scene, 2);
        await user.AskedAsync();

        scene.App.Time.Advance(TimeSpan.FromMinutes(2));
        var results = await Task.WhenAll(requests.Select(Scene.Result.OfAsync)).WaitAsync(Gate.FailSafe, TimeProvider.System);
        Assert.All(results, result => Assert.Equal(HttpStatusCode.Unauthorized, result.Status));
        await user.DismissedAsync();

        var raised = new Gate();
        scene.App.Session.TokensRefreshed += (_, _) => _ = raised.PassAsync();
        user.LogsIn(scene.App.Tokens.Issue());
        await raised.ArrivedAsync(1);

        using var next = await scene.App.GetAsync();
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
        Assert.Single(scene.App.ReLogins);
    }

    [Fact]
    public async Task A_background_refresh_doesnt_ask_the_user_but_the_next_request_does()
    {
        var user = new User();
        await using var scene = await SetAsync(user);
        scene.App.Tokens.RevokeRefreshTokens();
        scene.App.Time.Advance(TimeSpan.FromMinutes(4.5));

        using var ahead = await scene.App.GetAsync();
        await scene.WaitForEventAsync();
        Assert.Equal(HttpStatusCode.OK, ahead.StatusCode);
        Assert.Equal(0, user.Questions);

        var next = scene.App.GetAsync();
        await user.AskedAsync();
        user.LogsIn(scene.App.Tokens.Issue());
        using var repaired = await next;
        Assert.Equal(HttpStatusCode.OK, repaired.StatusCode);
        Assert.Single(scene.App.ReLogins);
    }

    [Fact]
    [Trait("Case", "C36")]
    public async Task A_sign_out_while_the_user_is_asked_ends_the_question()
    {
        var user = new User();
        await using var scene = await SetAsync(user);
        var requests = await HoldAsync(scene, 2);
        await user.AskedAsync();

        await scene.App.Session.SignOutAsync();
        var results = await Task.WhenAll(requests.Select(Scene.Result.OfAsync)).WaitAsync(Gate.FailSafe, TimeProvider.System);
        await user.DismissedAsync();
        user.LogsIn(scene.App.Tokens.Issue());
        await user.AnsweredAsync();

        Assert.All(results, result => Assert.Equal(HttpStatusCode.Unauthorized, result.Status));
        Assert.Equal(TokenSessionState.SignedOut, scene.App.Session.State);
        Assert.Null(await scene.StoredRefreshTokenAsync());
        Assert.Empty(scene.App.ReLogins);
    }

    [Fact]
    [Trait("Case", "C37")]
    public async Task Another_users_sign_in_while_the_user_is_asked_wins()
    {
        var user = new User();
        await using var scene = await SetAsync(user);
        var requests = await HoldAsync(scene, 2);
        await user.AskedAsync();

        await scene.App.Session.SignInAsync(scene.App.Tokens.Issue());
        var results = await Task.WhenAll(requests.Select(Scene.Result.OfAsync)).WaitAsync(Gate.FailSafe, TimeProvider.System);
        await user.DismissedAsync();
        user.LogsIn(scene.App.Tokens.Issue());
        await user.AnsweredAsync();

        Assert.All(results, result => Assert.Equal(HttpStatusCode.Unauthorized, result.Status));
        Assert.Equal("refresh-2", await scene.StoredRefreshTokenAsync());
        Assert.Equal("access-2", await scene.App.Session.GetAccessTokenAsync());
        Assert.Empty(scene.App.ReLogins);
    }

    [Fact]
    [Trait("Case", "C18")]
    public async Task A_request_that_is_cancelled_leaves_and_the_user_is_still_asked()
    {
        var user = new User();
        await using var scene = await SetAsync(user);
        using var cancelled = new CancellationTokenSource();
        var requests = await scene.App.SendAtOnceAsync(1, cancelled.Token);
        scene.App.Tokens.RevokeRefreshTokens();
        scene.Expire();
        scene.App.Api.Release();
        await user.AskedAsync();

        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => requests[0]);
        var other = scene.App.GetAsync();
        user.LogsIn(scene.App.Tokens.Issue());

        using var response = await other;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(1, user.Questions);
    }

    [Fact]
    [Trait("Case", "C14")]
    public async Task A_callback_that_calls_the_client_it_signs_in_gets_an_exception_that_says_so()
    {
        TokenRefreshException? received = null;
        TestApp? app = null;
        await using var scene = await Scene.SetAsync(configure: options => options.SignInInteractively = async (_, ct) =>
        {
            received = await Assert.ThrowsAsync<TokenRefreshException>(() => app!.GetAsync(ct));
            return null;
        });
        app = scene.App;
        var requests = await HoldAsync(scene, 1);

        var result = await Scene.Result.OfAsync(requests[0]).WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.Unauthorized, result.Status);
        Assert.Equal(TokenRefreshFailure.Configuration, received!.Failure);
        Assert.Contains("SignInInteractively", received.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Case", "C22")]
    public async Task The_end_of_the_app_ends_the_question()
    {
        var user = new User();
        var scene = await SetAsync(user);
        var requests = await HoldAsync(scene, 1);
        await user.AskedAsync();

        await scene.App.Services.DisposeAsync().AsTask().WaitAsync(Gate.FailSafe, TimeProvider.System);

        await Eventually.UntilAsync(() => user.IsDismissed);
        Assert.Equal(HttpStatusCode.Unauthorized, (await Scene.Result.OfAsync(requests[0])).Status);
        user.Declines();
        await scene.DisposeAsync();
    }

    [Fact]
    public async Task A_saved_login_that_is_dead_asks_at_the_first_request()
    {
        var store = new MemoryTokenStore();
        var key = new TokenSessionKey(TestApp.Name);
        var other = new OtherProcess(store, key);
        await other.SignInAsync(new TokenSet("old", "old"));
        await other.EndAsync();
        var user = new User();
        await using var app = TestApp.Create(options => options.SignInInteractively = user.AskAsync, services => services.AddTokenSession(TestApp.Name).UseStore(store));

        var request = app.GetAsync();
        await user.AskedAsync();
        user.LogsIn(app.Tokens.Issue());

        using var response = await request;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private static Task<Scene> SetAsync(User user, Action<TokenRefreshOptions>? configure = null) => Scene.SetAsync(configure: options =>
    {
        options.SignInInteractively = user.AskAsync;
        configure?.Invoke(options);
    });

    private static async Task<Task<HttpResponseMessage>[]> HoldAsync(Scene scene, int count)
    {
        var requests = await scene.App.SendAtOnceAsync(count);
        scene.App.Tokens.RevokeRefreshTokens();
        scene.Expire();
        scene.App.Api.Release();
        return requests;
    }

    /// <summary>A user at a login page.</summary>
    private sealed class User
    {
        private readonly Gate _asked = new();
        private readonly Gate _dismissed = new();
        private readonly Gate _answered = new();
        private TaskCompletionSource<TokenSet?> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Questions { get; private set; }

        public bool IsDismissed { get; private set; }

        public async Task<TokenSet?> AskAsync(ReLoginRequiredEventArgs args, CancellationToken cancellationToken)
        {
            Assert.Equal(TestApp.Name, args.SessionName);
            Questions++;
            _answer = new TaskCompletionSource<TokenSet?>(TaskCreationOptions.RunContinuationsAsynchronously);
            using var dismissal = cancellationToken.Register(() =>
            {
                IsDismissed = true;
                _ = _dismissed.PassAsync();
            });
            _ = _asked.PassAsync(CancellationToken.None);
            try
            {
                return await _answer.Task;
            }
            finally
            {
                _ = _answered.PassAsync(CancellationToken.None);
            }
        }

        public Task AskedAsync(int times = 1) => _asked.ArrivedAsync(times);

        public Task DismissedAsync() => _dismissed.ArrivedAsync(1);

        public Task AnsweredAsync() => _answered.ArrivedAsync(1);

        public void LogsIn(TokenSet tokens) => _answer.SetResult(tokens);

        public void Declines() => _answer.SetResult(null);

        public void Fails(Exception exception) => _answer.SetException(exception);
    }
}

using System.Net;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>The app gets each event and callback that it subscribes to, whatever else it leaves unset.</summary>
public sealed class EventAndCallbackTests
{
    [Fact]
    [Trait("Case", "C9")]
    public async Task The_callback_gets_the_end_of_a_login_without_a_subscriber_of_the_event()
    {
        using var server = new FakeTokenServer(TimeProvider.System);
        var raised = new TaskCompletionSource<ReLoginReason>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var session = TokenSession.Create(Options(e => raised.TrySetResult(e.Reason)), new TokenSessionSettings { TokenEndpointHandler = server });
        await session.SignInAsync(server.Issue());
        server.RevokeRefreshTokens();

        await Assert.ThrowsAsync<TokenRefreshException>(() => session.RefreshAsync());

        Assert.Equal(ReLoginReason.Rejected, await raised.Task.WaitAsync(Gate.FailSafe, TimeProvider.System));
    }

    [Fact]
    public async Task A_subscriber_of_new_tokens_gets_them_without_one_of_ended_logins()
    {
        using var server = new FakeTokenServer(TimeProvider.System);
        await using var session = TokenSession.Create(Options(onDead: null), new TokenSessionSettings { TokenEndpointHandler = server });
        var raised = new Gate();
        session.TokensRefreshed += (_, _) => _ = raised.PassAsync();
        await session.SignInAsync(server.Issue());

        await session.RefreshAsync();

        await raised.ArrivedAsync(1);
    }

    [Fact]
    public async Task The_callback_gets_the_end_of_a_login_beside_a_subscriber_of_new_tokens_only()
    {
        using var server = new FakeTokenServer(TimeProvider.System);
        var raised = new Gate();
        await using var session = TokenSession.Create(
            Options(e => _ = raised.PassAsync()), new TokenSessionSettings { TokenEndpointHandler = server });
        session.TokensRefreshed += (_, _) => { };
        await session.SignInAsync(server.Issue());
        server.RevokeRefreshTokens();

        await Assert.ThrowsAsync<TokenRefreshException>(() => session.RefreshAsync());

        await raised.ArrivedAsync(1);
    }

    [Fact]
    public async Task A_handler_and_a_callback_that_throw_are_logged_and_keep_no_other_from_being_called()
    {
        using var log = new CapturingLoggerProvider();
        var raised = new Gate();
        await using var app = TestApp.Create(options => options.OnReLoginRequired = (_, _, _) => throw new FormatException(), log.Add);
        app.Session.ReLoginRequired += (_, _) => throw new NotSupportedException();
        app.Session.ReLoginRequired += (_, _) => _ = raised.PassAsync();
        await app.SignInAsync();
        app.Tokens.RevokeRefreshTokens();

        await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.RefreshAsync());

        await raised.ArrivedAsync(1);
        await Eventually.UntilAsync(() => log.Messages.Count(message => message.EventName == "HandlerThrew") == 2);
        Assert.Equal(
            ["FormatException", "NotSupportedException"],
            log.Messages.Where(message => message.EventName == "HandlerThrew")
                .Select(message => message.Text.Contains(nameof(FormatException), StringComparison.Ordinal) ? "FormatException" : "NotSupportedException")
                .Order());
    }

    [Theory]
    [InlineData("declines", "SignInInteractively returned null: the user declined.")]
    [InlineData("throws", "SignInInteractively threw HttpRequestException.")]
    [InlineData("DPoP", "the new tokens need a proof of possession, which isn't supported.")]
    public async Task The_log_says_why_no_login_came_of_asking_the_user(string answer, string description)
    {
        using var log = new CapturingLoggerProvider();
        await using var scene = await Scene.SetAsync(
            configure: options => options.SignInInteractively = (_, _) => answer switch
            {
                "declines" => Task.FromResult<TokenSet?>(null),
                "throws" => throw new HttpRequestException("secret"),
                _ => Task.FromResult<TokenSet?>(new TokenSet("proof-1", "refresh-9") { Scheme = answer }),
            },
            services: log.Add);
        scene.App.Tokens.RevokeRefreshTokens();
        scene.Expire();

        using var response = await scene.App.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Contains(": " + description, Assert.Single(log.Messages, message => message.EventName == "InteractiveSignInFailed").Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Case", "C36")]
    public async Task After_a_sign_out_the_answer_of_a_user_who_was_asked_isnt_logged()
    {
        using var log = new CapturingLoggerProvider();
        var asked = new Gate();
        var answer = new TaskCompletionSource<TokenSet?>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (var scene = await AskingAsync(asked, answer, log))
        {
            var request = scene.App.GetAsync();
            await asked.ArrivedAsync(1);
            await scene.App.Session.SignOutAsync();
            using var response = await request;
            answer.SetResult(null);
        }

        Assert.DoesNotContain(log.Messages, message => message.EventName == "InteractiveSignInFailed");
    }

    [Fact]
    [Trait("Case", "C38")]
    public async Task A_user_who_declines_too_late_has_been_logged_already()
    {
        using var log = new CapturingLoggerProvider();
        var asked = new Gate();
        var answer = new TaskCompletionSource<TokenSet?>();
        await using var scene = await AskingAsync(asked, answer, log);
        var request = scene.App.GetAsync();
        await asked.ArrivedAsync(1);
        scene.App.Time.Advance(TimeSpan.FromMinutes(10));
        using var response = await request;

        // The code that waits for the answer continues within this call.
        answer.SetResult(null);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Contains("the time for it is over.", Assert.Single(log.Messages, message => message.EventName == "InteractiveSignInFailed").Text, StringComparison.Ordinal);
    }

    /// <summary>An app whose login has ended, and whose user answers late.</summary>
    private static async Task<Scene> AskingAsync(Gate asked, TaskCompletionSource<TokenSet?> answer, CapturingLoggerProvider log)
    {
        var scene = await Scene.SetAsync(
            configure: options =>
            {
                options.InteractiveSignInTimeout = TimeSpan.FromMinutes(10);
                options.SignInInteractively = (_, _) =>
                {
                    _ = asked.PassAsync();
                    return answer.Task;
                };
            },
            services: log.Add);
        scene.App.Tokens.RevokeRefreshTokens();
        scene.Expire();
        return scene;
    }

    private static TokenRefreshOptions Options(Action<ReLoginRequiredEventArgs>? onDead) => new()
    {
        TokenEndpoint = new Uri("https://login.example.com/token"),
        ClientId = "shop",
        OnReLoginRequired = onDead is null ? null : (_, e, _) =>
        {
            onDead(e);
            return Task.CompletedTask;
        },
    };
}

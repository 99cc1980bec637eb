using System;
using System.Net;
using System.Net.Http;
using System.Threading.Tasks;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;
using Xunit;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>An app hears what it listens to, whatever else it doesn't.</summary>
public sealed class HearingCases
{
    [Fact]
    [Trait("Case", "C9")]
    public async Task A_callback_hears_of_a_dead_login_where_nobody_subscribes_to_the_event()
    {
        using var server = new FakeTokenServer(TimeProvider.System);
        var heard = new TaskCompletionSource<ReLoginReason>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var session = TokenSession.Create(Options(e => heard.TrySetResult(e.Reason)), new TokenSessionSettings { TokenEndpointHandler = server });
        await session.SignInAsync(server.Issue());
        server.RevokeRefreshTokens();

        await Assert.ThrowsAsync<TokenRefreshException>(() => session.RefreshAsync());

        Assert.Equal(ReLoginReason.Rejected, await heard.Task.WaitAsync(Gate.FailSafe, TimeProvider.System));
    }

    [Fact]
    public async Task A_subscriber_hears_of_new_tokens_where_nobody_listens_for_dead_logins()
    {
        using var server = new FakeTokenServer(TimeProvider.System);
        await using var session = TokenSession.Create(Options(onDead: null), new TokenSessionSettings { TokenEndpointHandler = server });
        var heard = new Gate();
        session.TokensRefreshed += (_, _) => _ = heard.PassAsync();
        await session.SignInAsync(server.Issue());

        await session.RefreshAsync();

        await heard.ArrivedAsync(1);
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
    public async Task A_sign_out_while_the_user_is_asked_leaves_nothing_to_log_of_his_answer()
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

        // Whoever waits for the answer goes on within this.
        answer.SetResult(null);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Contains("the time for it is over.", Assert.Single(log.Messages, message => message.EventName == "InteractiveSignInFailed").Text, StringComparison.Ordinal);
    }

    /// <summary>An app whose login is dead, and whose user takes his time.</summary>
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

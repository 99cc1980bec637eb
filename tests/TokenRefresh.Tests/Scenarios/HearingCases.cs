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
        await using var session = TokenSession.Create(Options(e => heard.TrySetResult(e.Reason)), backchannel: server);
        await session.SignInAsync(server.Issue());
        server.RevokeRefreshTokens();

        await Assert.ThrowsAsync<TokenRefreshException>(() => session.RefreshAsync());

        Assert.Equal(ReLoginReason.Rejected, await heard.Task.WaitAsync(Gate.FailSafe, TimeProvider.System));
    }

    [Fact]
    public async Task A_subscriber_hears_of_new_tokens_where_nobody_listens_for_dead_logins()
    {
        using var server = new FakeTokenServer(TimeProvider.System);
        await using var session = TokenSession.Create(Options(onDead: null), backchannel: server);
        var heard = new Gate();
        session.TokensRefreshed += (_, _) => _ = heard.PassAsync();
        await session.SignInAsync(server.Issue());

        await session.RefreshAsync();

        await heard.ArrivedAsync(1);
    }

    [Theory]
    [InlineData("declines", "the user declined.")]
    [InlineData("throws", "ReLogin threw HttpRequestException.")]
    [InlineData("DPoP", "the new tokens are of another scheme than the option Scheme.")]
    public async Task The_log_says_why_no_login_came_of_asking_the_user(string answer, string description)
    {
        using var log = new CapturingLoggerProvider();
        await using var scene = await Scene.SetAsync(
            configure: options => options.ReLogin = (_, _) => answer switch
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
        Assert.Contains(": " + description, Assert.Single(log.Messages, message => message.EventName == "NotLoggedIn").Text, StringComparison.Ordinal);
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

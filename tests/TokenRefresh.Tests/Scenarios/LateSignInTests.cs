using System.Net;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>The user answers, or is to be asked, after the session has changed.</summary>
public sealed class LateSignInTests
{
    private readonly GatedReads _store = new(new MemoryTokenStore());

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_answer_that_comes_after_the_end_of_another_login_is_dropped(bool hasSameVersion)
    {
        // The code that waits for the answer continues within SetResult.
        var answer = new TaskCompletionSource<TokenSet?>();
        var asked = new Gate();
        await using var app = TestApp.Over(_store, options => options.SignInInteractively = (_, _) =>
        {
            _ = asked.PassAsync();
            return asked.Arrived == 1 ? answer.Task : Task.FromResult<TokenSet?>(null);
        });
        await app.SignInAsync();
        var first = await EndAsync(app);
        await asked.ArrivedAsync(1);
        app.Time.Advance(TimeSpan.FromMinutes(10));
        using var timedOut = await first;

        if (hasSameVersion)
        {
            // Two logins get the same version if the store lost the record in between.
            await ReplaceLoginAsync();
            app.Time.Advance(TimeSpan.FromSeconds(1));
            using var declined = await app.GetAsync();
        }
        else
        {
            await app.SignInAsync();
            using var declined = await await EndAsync(app);
        }

        Assert.Equal(2, asked.Arrived);
        answer.SetResult(app.Tokens.Issue());
        await app.Services.DisposeAsync();

        Assert.Equal(TokenSessionState.ReLoginRequired, app.Session.State);
        Assert.Null(await _store.RefreshTokenAsync());
        Assert.Empty(app.Refreshes);
    }

    [Fact]
    public async Task A_user_who_signs_in_while_the_ended_login_is_read_again_is_not_asked()
    {
        using var log = new CapturingLoggerProvider();
        await using var app = TestApp.Over(_store, options => options.SignInInteractively = (_, _) => Task.FromResult<TokenSet?>(null), log.Add);
        await app.SignInAsync();
        app.Tokens.RevokeRefreshTokens();

        // A background refresh finds the end, and asks no question. The next request would.
        app.Time.Advance(TimeSpan.FromMinutes(4.5));
        using var ahead = await app.GetAsync();
        await Eventually.UntilAsync(() => app.ReLogins.Count == 1);
        var gate = _store.Gate = new Gate();
        var request = app.GetAsync();
        await gate.ArrivedAsync(1);
        _store.Gate = null;

        await app.SignInAsync();
        gate.Open();
        using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);
        await app.Services.DisposeAsync();

        Assert.DoesNotContain(log.Messages, message => message.EventName == "InteractiveSignInStarted");
        Assert.Equal("refresh-2", await _store.RefreshTokenAsync());
    }

    private static async Task<Task<HttpResponseMessage>> EndAsync(TestApp app)
    {
        var requests = await app.SendAtOnceAsync(1);
        app.Tokens.RevokeRefreshTokens();
        app.Tokens.ExpireAccessTokens();
        app.Api.Release();
        return requests[0];
    }

    private async Task ReplaceLoginAsync()
    {
        var login = await _store.LoadAsync();
        var stored = (await _store.ReadAsync(SavedTokens.Key, default)).GetValueOrDefault();
        var text = stored.Text.Replace(login.LoginId, LoginId.New().ToString(), StringComparison.Ordinal);
        await _store.CompareExchangeAsync(SavedTokens.Key, text, stored.Revision, keepFor: null, default);
    }
}

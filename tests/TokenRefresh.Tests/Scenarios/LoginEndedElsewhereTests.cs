using System.Net;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>The store holds a login that another process has ended: what the app and its callers learn of it.</summary>
public sealed class LoginEndedElsewhereTests
{
    private readonly MemoryTokenStore _store = new();

    [Theory]
    [InlineData(ReLoginReason.LostRotation, "its refresh token was used before, and the response with the new tokens was lost.")]
    [InlineData(ReLoginReason.InteractionRequired, "the server requires the user's presence or consent.")]
    [InlineData(ReLoginReason.NoRefreshToken, "its access token has expired, and there is no refresh token. Is offline_access requested?")]
    [InlineData(ReLoginReason.Rejected, "the server rejected its refresh token.")]
    public async Task The_message_says_why_the_login_ended(ReLoginReason reason, string description)
    {
        await using var app = TestApp.Over(_store);
        await _store.Other().SignInAsync(app.Tokens.Issue());
        await _store.Other().EndAsync(reason: reason);

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.GetAccessTokenAsync());

        Assert.Equal(TokenRefreshFailure.ReLoginRequired, failure.Failure);
        Assert.Equal($"The login of session 'orders' has ended: {description} Sign in again.", failure.Message);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public async Task An_end_is_reported_once_for_each_login(bool isSameLogin, int events)
    {
        await using var app = TestApp.Over(_store);
        await app.SignInAsync();
        await EndAsync(app);

        await EndAgainElsewhereAsync(app, isSameLogin);
        using var next = await app.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, next.StatusCode);
        await Eventually.UntilAsync(() => app.ReLogins.Count >= events);
        await app.Services.DisposeAsync();
        Assert.Equal(events, app.ReLogins.Count);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public async Task A_user_who_declined_is_asked_again_for_another_login_only(bool isSameLogin, int expected)
    {
        var questions = 0;
        await using var app = TestApp.Over(_store, options => options.SignInInteractively = (_, _) =>
        {
            questions++;
            return Task.FromResult<TokenSet?>(null);
        });
        await app.SignInAsync();
        await EndAsync(app);
        Assert.Equal(1, questions);

        await EndAgainElsewhereAsync(app, isSameLogin);
        using var next = await app.GetAsync();

        Assert.Equal((HttpStatusCode.Unauthorized, expected), (next.StatusCode, questions));
    }

    private static async Task EndAsync(TestApp app)
    {
        app.Tokens.ExpireAccessTokens();
        app.Tokens.RevokeRefreshTokens();
        using var response = await app.GetAsync();
        await Eventually.UntilAsync(() => app.ReLogins.Count == 1);
    }

    /// <summary>Another process has newer tokens, of the same login by the server's grace or of a new one. They are rejected, too.</summary>
    private async Task EndAgainElsewhereAsync(TestApp app, bool isSameLogin)
    {
        var tokens = app.Tokens.Issue();
        await (isSameLogin ? _store.Other().SaveAsync(tokens) : _store.Other().SignInAsync(tokens));
        await _store.Other().EndAsync();
        app.Time.Advance(TimeSpan.FromSeconds(2));
    }
}

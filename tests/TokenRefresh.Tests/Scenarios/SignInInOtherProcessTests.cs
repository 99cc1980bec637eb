using System.Net;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>What this process does with a login, or its end, that another process wrote.</summary>
public sealed class SignInInOtherProcessTests
{
    private readonly MemoryTokenStore _store = new();

    [Fact]
    [Trait("Case", "A12")]
    public async Task A_sign_in_at_another_process_ends_the_question_here()
    {
        var asked = new Gate();
        var cancelled = new Gate();
        WatchedTime? clock = null;
        await using var app = TestApp.Over(_store, services: services => clock = WatchedTime.In(services), configure: options => options.SignInInteractively = async (args, cancellationToken) =>
        {
            _ = cancellationToken.Register(() => _ = cancelled.PassAsync(CancellationToken.None));
            await asked.PassAsync(cancellationToken);
            return null;
        });
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        app.Tokens.RevokeRefreshTokens();
        var held = app.GetAsync();
        await asked.ArrivedAsync(1);

        var others = app.Tokens.Issue();
        await _store.Other().SignInAsync(others);
        await clock!.PassAsync(TimeSpan.FromSeconds(2));

        // The held request belongs to the ended login. The next one uses the new login.
        using var first = await held.WaitAsync(Gate.FailSafe, TimeProvider.System);
        using var next = await app.GetAsync();
        await cancelled.ArrivedAsync(1);
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (first.StatusCode, next.StatusCode));
        Assert.Equal(others.AccessToken, app.Api.Received[^1].Token);
    }

    [Fact]
    [Trait("Case", "A16")]
    public async Task A_rejected_token_that_is_loaded_from_the_store_is_refreshed_and_not_returned_again()
    {
        var issued = await SignInAtAnotherProcessAsync();
        await using var restarted = issued.App;

        var token = await restarted.Session.GetAccessTokenAsync(issued.Tokens.AccessToken);

        Assert.Equal("access-2", token);
        Assert.Equal(["refresh-1"], restarted.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    [Trait("Case", "A16")]
    public async Task A_rejected_token_of_an_idle_user_is_refreshed_and_not_returned_again()
    {
        await using var app = TestApp.Over(_store, options =>
        {
            options.UserIdleTimeout = TimeSpan.FromSeconds(10);
            options.MinRefreshInterval = TimeSpan.Zero;
        });
        await app.Sessions[TestApp.Name, "user-1"].SignInAsync(app.Tokens.Issue());
        for (var sweep = 0; sweep < 3; sweep++)
        {
            app.Time.Advance(TimeSpan.FromSeconds(10));
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.Equal("access-2", await app.Sessions[TestApp.Name, "user-1"].GetAccessTokenAsync("access-1"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Case", "A21")]
    public async Task A_deferred_save_that_finds_another_processs_result_notifies_the_app(bool hasEnded)
    {
        var store = new FailingStore(_store);
        await using var app = TestApp.Over(store);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        store.SavesFail = true;
        using var unsaved = await app.GetAsync();
        Assert.Single(app.Refreshes);

        // Another process got a pair by the server's grace and saved it, and perhaps that login has ended since.
        await _store.RotateElsewhereAsync(app.Tokens.Issue());
        if (hasEnded)
        {
            await _store.Other().EndAsync();
        }

        store.SavesFail = false;
        app.Time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.UntilAsync(() => app.ReLogins.Count + app.Refreshes.Count == 2);

        Assert.Equal(hasEnded ? (1, 1) : (0, 2), (app.ReLogins.Count, app.Refreshes.Count));
        Assert.Equal(hasEnded ? TokenSessionState.ReLoginRequired : TokenSessionState.SignedIn, app.Session.State);
    }

    [Fact]
    public async Task A_rejected_token_that_another_process_saved_with_a_new_refresh_token_is_not_sent_again()
    {
        await using var app = TestApp.Over(_store);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var rotated = app.Tokens.RefreshFromAnotherClient("refresh-1");
        await _store.RotateElsewhereAsync(new TokenSet("access-1", rotated.RefreshToken) { ExpiresAt = rotated.ExpiresAt });

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["access-1", "access-3"], app.Api.Received.Select(request => request.Token));
        Assert.Equal(["refresh-2"], app.Tokens.ReceivedRefreshTokens);
    }

    private async Task<(TestApp App, TokenSet Tokens)> SignInAtAnotherProcessAsync()
    {
        var app = TestApp.Over(_store);
        var tokens = app.Tokens.Issue();
        await _store.Other().SignInAsync(tokens);
        return (app, tokens);
    }
}

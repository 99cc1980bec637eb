using System.Net;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>The next refresh comes before tokens that couldn't be saved are saved; and a new refresh token comes without an access token.</summary>
public sealed class UnsavedTokensTests
{
    private readonly MemoryTokenStore _records = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_refresh_that_finds_another_processs_result_while_it_saves_notifies_the_app(bool hasEnded)
    {
        var store = new FailingStore(_records);
        await using var app = await UnsavedAsync(store);
        await Eventually.UntilAsync(() => app.Refreshes.Count == 1);
        await _records.RotateElsewhereAsync(app.Tokens.Issue());
        if (hasEnded)
        {
            await _records.Other().EndAsync();
        }

        store.SavesFail = false;
        var refresh = app.Session.RefreshAsync();
        if (hasEnded)
        {
            Assert.Equal(TokenRefreshFailure.ReLoginRequired, (await Assert.ThrowsAsync<TokenRefreshException>(() => refresh)).Failure);
        }
        else
        {
            await refresh;
        }

        await Eventually.UntilAsync(() => app.ReLogins.Count + app.Refreshes.Count == 2);
        Assert.Equal(hasEnded ? (1, 1) : (0, 2), (app.ReLogins.Count, app.Refreshes.Count));
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    public async Task Tokens_that_a_refresh_has_saved_are_not_saved_again()
    {
        using var log = new CapturingLoggerProvider();
        var store = new FailingStore(_records);
        await using var app = await UnsavedAsync(store, log);
        store.SavesFail = false;
        app.Tokens.RespondAlways(HttpStatusCode.ServiceUnavailable);
        await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.RefreshAsync());
        Assert.Equal("refresh-2", await store.RefreshTokenAsync());

        // The disposal waits for the attempt that was waiting.
        app.Time.Advance(TimeSpan.FromSeconds(1));
        await app.Services.DisposeAsync();

        Assert.Single(log.Messages, message => message.EventName == "DeferredSaveSucceeded");
        Assert.Equal(2, store.Saves.Arrived);
    }

    [Fact]
    public async Task A_new_refresh_token_without_an_access_token_that_couldnt_be_saved_is_used_next()
    {
        var store = new FailingStore(_records);
        await using var app = TestApp.Over(store);
        await app.SignInAsync();
        app.Api.Answer(request => new HttpResponseMessage(request.Token == "access-3" ? HttpStatusCode.OK : HttpStatusCode.Unauthorized));
        app.Tokens.RespondOnce(HttpStatusCode.OK, """{"refresh_token":"refresh-2"}""");
        app.Tokens.RespondOnce(HttpStatusCode.OK, """{"access_token":"access-3","refresh_token":"refresh-3","token_type":"Bearer"}""");
        store.FailingSaves = 1;

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["refresh-1", "refresh-2"], app.Tokens.ReceivedRefreshTokens);
        Assert.Equal("refresh-3", await store.RefreshTokenAsync());
    }

    [Fact]
    public async Task A_new_refresh_token_without_an_access_token_gives_way_to_what_another_process_saved()
    {
        await using var app = TestApp.Over(_records);
        await app.SignInAsync();
        app.Api.Answer(request => new HttpResponseMessage(request.Token == "other-access" ? HttpStatusCode.OK : HttpStatusCode.Unauthorized));
        app.Tokens.RespondOnce(async (_, _) =>
        {
            await _records.RotateElsewhereAsync(new TokenSet("other-access", "other-refresh"));
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("""{"refresh_token":"refresh-2"}""") };
        });

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
        Assert.Equal("other-refresh", await _records.RefreshTokenAsync());
        await Eventually.UntilAsync(() => app.Refreshes.Count == 1);
    }

    /// <summary>An app that has refreshed once, and couldn't save the tokens.</summary>
    private static async Task<TestApp> UnsavedAsync(FailingStore store, CapturingLoggerProvider? log = null)
    {
        var app = TestApp.Over(
            store,
            options => options.ConfigureRefreshPipeline = _ => { },
            services => log?.Add(services));
        await app.SignInAsync();
        store.SavesFail = true;
        await app.Session.RefreshAsync();
        return app;
    }
}

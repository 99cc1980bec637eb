using System.Net;
using Microsoft.EntityFrameworkCore;
using TokenRefresh.TestKit;

namespace TokenRefresh.EntityFrameworkCore.Tests;

/// <summary>What an app does while its database server is full or away, whichever server that is.</summary>
internal static class Outage
{
    /// <param name="database">A database whose pool has one connection.</param>
    public static async Task CheckExhaustedPoolAsync(TestDatabase database)
    {
        await using var app = database.CreateApp();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        await using (var held = database.CreateContext())
        {
            await held.Database.OpenConnectionAsync();

            var failure = await Assert.ThrowsAsync<TokenRefreshException>(
                () => app.GetAsync().WaitAsync(Gate.FailSafe, TimeProvider.System));

            Assert.Equal((TokenRefreshFailure.Transient, 0), (failure.Failure, app.Tokens.Calls));
            Assert.Empty(app.ReLogins);
        }

        app.Time.Advance(TimeSpan.FromMinutes(1));
        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
    }

    /// <param name="database">A database of a server that no other test uses.</param>
    /// <param name="end">Ends the server.</param>
    /// <param name="startAsync">Starts it again.</param>
    /// <returns>The failure of a refresh while the server was away.</returns>
    public static async Task<TokenRefreshException> CheckServerAwayAsync(TestDatabase database, Action end, Func<Task> startAsync)
    {
        await using var app = database.CreateApp();
        await app.SignInAsync();
        end();

        using var good = await app.GetAsync();
        app.Tokens.ExpireAccessTokens();
        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync().WaitAsync(Gate.FailSafe, TimeProvider.System));
        var callsWhileAway = app.Tokens.Calls;
        await startAsync();
        using var back = await GetUntilAnsweredAsync(app);

        Assert.Equal(HttpStatusCode.OK, good.StatusCode);
        Assert.Equal((TokenRefreshFailure.Transient, 0), (failure.Failure, callsWhileAway));
        Assert.Equal(HttpStatusCode.OK, back.StatusCode);
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
        Assert.Empty(app.ReLogins);
        return failure;
    }

    /// <param name="app">An app whose database can't be used. The connection string contains "secret-name".</param>
    /// <param name="cause">The exception of the provider, and the code of the database.</param>
    public static async Task CheckNamesCauseAsync(TestApp app, string cause)
    {
        var failure = await Assert.ThrowsAsync<TokenRefreshException>(app.SignInAsync);

        Assert.Equal(TokenRefreshFailure.Transient, failure.Failure);
        Assert.EndsWith($"({cause})", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-name", failure.ToString(), StringComparison.Ordinal);
    }

    // The server may still be starting, and the connections of the pool are those to the old one.
    private static async Task<HttpResponseMessage> GetUntilAnsweredAsync(TestApp app)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            app.Time.Advance(TimeSpan.FromMinutes(1));
            try
            {
                return await app.GetAsync().WaitAsync(Gate.FailSafe, TimeProvider.System);
            }
            catch (TokenRefreshException e) when (
                e.Failure == TokenRefreshFailure.Transient && TimeProvider.System.GetElapsedTime(start) < Gate.FailSafe)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
            }
        }
    }
}

using System;
using System.Net;
using System.Net.Http;
using System.Threading.Tasks;
using System.Transactions;
using Microsoft.EntityFrameworkCore;
using TokenRefresh.EntityFrameworkCore.Tests;
using TokenRefresh.TestKit;
using Xunit;

namespace TokenRefresh.EntityFrameworkCore8.Tests;

/// <summary>MariaDB is away, full, or in the middle of a caller's transaction.</summary>
[Trait("Case", "S17")]
public sealed class MariaDbOutageTests(MariaDbFixture server)
{
    private static readonly TokenSessionKey Key = new(TestApp.Name);

    [Fact]
    public async Task A_pool_that_is_exhausted_is_a_transient_failure_and_uses_no_refresh_token()
    {
        await using var database = await server.CreateAsync("Maximum Pool Size=1;Connection Timeout=3");
        await using var app = MariaDbApp.Create(database);
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
        Assert.Equal(["refresh-1"], app.Tokens.Presented);
    }

    [Fact]
    public async Task While_a_server_that_was_killed_is_away_good_tokens_are_used_and_no_refresh_token_is()
    {
        Machine.MustHave(MariaDbServer.Missing);
        using var own = new MariaDbServer();
        await own.StartAsync();
        await using var database = await TestDatabase.CreateAsync(new MariaDbDatabase(own, "Connection Timeout=5"));
        await using var app = MariaDbApp.Create(database);
        await app.SignInAsync();
        own.Crash();

        using var good = await app.GetAsync();
        app.Tokens.ExpireAccessTokens();
        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync().WaitAsync(Gate.FailSafe, TimeProvider.System));
        var callsWhileAway = app.Tokens.Calls;
        await own.StartAsync();
        using var back = await GetUntilAnsweredAsync(app);

        Assert.Equal(HttpStatusCode.OK, good.StatusCode);
        Assert.Equal((TokenRefreshFailure.Transient, 0), (failure.Failure, callsWhileAway));
        Assert.Contains("MySqlException", failure.Message, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, back.StatusCode);
        Assert.Equal(["refresh-1"], app.Tokens.Presented);
        Assert.Empty(app.ReLogins);
    }

    [Theory]
    [InlineData("Database=secret-name", "MySqlException, SQL state 42000")]
    [InlineData("User ID=secret-name", "MySqlException, SQL state 28000")]
    [InlineData("Port=1;Connection Timeout=5", "MySqlException")]
    public async Task A_failure_names_the_database_and_its_code(string settings, string cause)
    {
        await using var database = await server.CreateAsync();
        await using var app = MariaDbApp.Create(database.With(settings));

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(app.SignInAsync);

        Assert.Equal(TokenRefreshFailure.Transient, failure.Failure);
        Assert.EndsWith($"({cause})", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-name", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_ambient_transaction_that_is_rolled_back_takes_no_record_with_it()
    {
        await using var database = await server.CreateAsync();
        var store = database.Open();
        using (new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
        {
            await store.CompareExchangeAsync(Key, "one", null, null, default);
        }

        Assert.Equal("one", (await database.Open().ReadAsync(Key, default))?.Text);
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

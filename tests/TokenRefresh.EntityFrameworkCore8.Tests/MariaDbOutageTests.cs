using System.Transactions;
using TokenRefresh.EntityFrameworkCore.Tests;
using TokenRefresh.TestKit;

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

        await Outage.CheckExhaustedPoolAsync(database);
    }

    [Fact]
    public async Task While_a_server_that_was_killed_is_away_good_tokens_are_used_and_no_refresh_token_is()
    {
        Machine.MustHave(MariaDbServer.Missing);
        using var own = new MariaDbServer();
        await own.StartAsync();
        await using var database = await TestDatabase.CreateAsync(new MariaDbDatabase(own, "Connection Timeout=5"));

        var failure = await Outage.CheckServerAwayAsync(database, own.Crash, own.StartAsync);

        Assert.Contains("MySqlException", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Database=secret-name", "MySqlException, SQL state 42000")]
    [InlineData("User ID=secret-name", "MySqlException, SQL state 28000")]
    [InlineData("Port=1;Connection Timeout=5", "MySqlException")]
    public async Task A_failure_names_the_database_and_its_code(string settings, string cause)
    {
        await using var database = await server.CreateAsync();
        await using var app = database.With(settings).CreateApp();

        await Outage.CheckNamesCauseAsync(app, cause);
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
}

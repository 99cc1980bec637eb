using System.Data.Common;
using System.Transactions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;

namespace TokenRefresh.EntityFrameworkCore.Tests;

/// <summary>The database is away, full, empty, or in the middle of a caller's transaction.</summary>
public sealed class OutageTests(PostgresFixture server)
{
    private static readonly TokenSessionKey Key = new(TestApp.Name);

    [Fact]
    public async Task A_pool_that_is_exhausted_is_a_transient_failure_and_uses_no_refresh_token()
    {
        await using var database = await server.CreateAsync("Maximum Pool Size=1;Timeout=3");

        await Outage.CheckExhaustedPoolAsync(database);
    }

    [Fact]
    public async Task While_the_database_is_away_good_tokens_are_used_and_no_refresh_token_is()
    {
        Machine.MustHave(PostgresServer.Missing);
        using var own = new PostgresServer();
        await own.StartAsync();
        await using var database = await TestDatabase.CreateAsync(new PostgresDatabase(own, "Timeout=5"));

        await Outage.CheckServerAwayAsync(database, own.Stop, own.StartAsync);
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task A_table_that_is_missing_is_reported_with_the_line_to_add_and_uses_no_refresh_token(string provider)
    {
        await using TestDatabase database =
            provider == "sqlite" ? await TestDatabase.CreateAsync(new SqliteDatabase()) : await server.CreateAsync();
        await using var app = database.CreateApp();
        await app.SignInAsync();
        await database.DropSessionsAsync();

        app.Tokens.ExpireAccessTokens();
        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());
        var signIn = await Assert.ThrowsAsync<TokenRefreshException>(() => app.SignInAsync());

        Assert.All([failure, signIn], exception =>
        {
            Assert.Equal(TokenRefreshFailure.Configuration, exception.Failure);
            Assert.Contains("has no table TokenSessions", exception.ToString(), StringComparison.Ordinal);
            Assert.Contains("modelBuilder.AddTokenSessions()", exception.ToString(), StringComparison.Ordinal);
            Assert.Contains(
                provider == "sqlite" ? "(The database answers: no such table.)" : "(SQL state 42P01.)",
                exception.ToString(),
                StringComparison.Ordinal);
        });
        Assert.Equal(0, app.Tokens.Calls);
    }

    [Fact]
    public async Task A_database_user_without_rights_is_reported()
    {
        await using var database = await server.CreateAsync();
        await using (var context = database.CreateContext())
        {
            await context.Database.ExecuteSqlRawAsync("""CREATE ROLE reader LOGIN; GRANT SELECT ON "TokenSessions" TO reader""");
        }

        await using var provider = new ServiceCollection()
            .AddDbContext<AppDbContext>(options => options.UseNpgsql(database.Connection + ";Username=reader"))
            .BuildServiceProvider();
        await using var store = new EntityFrameworkCoreTokenStore<AppDbContext>(provider.GetRequiredService<IServiceScopeFactory>());

        Assert.Null(await store.ReadAsync(Key, default));
        var failure = await Assert.ThrowsAsync<TokenStoreConfigurationException>(
            () => store.CompareExchangeAsync(Key, "one", null, null, default).AsTask());
        Assert.Contains("SELECT, INSERT, UPDATE and DELETE", failure.Message, StringComparison.Ordinal);
        Assert.Contains("row-level security", failure.Message, StringComparison.Ordinal);
        Assert.EndsWith("(SQL state 42501.)", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Case", "S13")]
    public async Task A_policy_that_hides_the_rows_is_reported()
    {
        await using var database = await server.CreateAsync();
        await using (var context = database.CreateContext())
        {
            await context.Database.ExecuteSqlRawAsync("""
                CREATE ROLE hidden LOGIN; GRANT ALL ON "TokenSessions" TO hidden; ALTER TABLE "TokenSessions" ENABLE ROW LEVEL SECURITY;
                CREATE POLICY inserts ON "TokenSessions" FOR INSERT WITH CHECK (true)
                """);
        }

        var store = database.Open(configure: options => options.UseNpgsql(database.Connection + ";Username=hidden"));

        var failure = await Assert.ThrowsAsync<TokenStoreConfigurationException>(
            () => store.CompareExchangeAsync(Key, "one", null, null, default).AsTask());
        Assert.Contains("row-level security", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Case", "S13")]
    public async Task What_an_interceptor_throws_is_not_taken_for_a_wrong_column()
    {
        await using var database = await TestDatabase.CreateAsync(new SqliteDatabase());
        var store = database.Open(configure: options => options.AddInterceptors(new Refusing()));

        var failure = await Assert.ThrowsAsync<NotSupportedException>(() => store.ReadAsync(Key, default).AsTask());
        Assert.Equal("Not on this day.", failure.Message);
    }

    [Fact]
    public async Task A_callers_transaction_that_is_rolled_back_takes_no_record_with_it()
    {
        await using var database = await server.CreateAsync();
        await using var services = new ServiceCollection().AddDbContext<AppDbContext>(database.Use).BuildServiceProvider();
        await using var store = new EntityFrameworkCoreTokenStore<AppDbContext>(services.GetRequiredService<IServiceScopeFactory>());
        await store.ReadAsync(Key, default);
        await using (var scope = services.CreateAsyncScope())
        {
            var context = scope.ServiceProvider.GetRequiredService<AppDbContext>();
            await using var transaction = await context.Database.BeginTransactionAsync();
            context.Add(new Order());
            await context.SaveChangesAsync();

            await store.CompareExchangeAsync(Key, "one", null, null, default);
            await transaction.RollbackAsync();
        }

        Assert.Equal("one", (await database.Open().ReadAsync(Key, default))?.Text);
    }

    [Theory]
    [InlineData(TransactionScopeAsyncFlowOption.Enabled)]
    [InlineData(TransactionScopeAsyncFlowOption.Suppress)]
    public async Task An_ambient_transaction_that_is_rolled_back_takes_no_record_with_it(TransactionScopeAsyncFlowOption flow)
    {
        await using var database = await server.CreateAsync();
        var store = database.Open();
        await store.ReadAsync(Key, default);

        Assert.Equal("one", WriteAndRollBack(store, flow)?.Text);

        Assert.Equal("one", (await database.Open().ReadAsync(Key, default))?.Text);
    }

    // On one thread from beginning to end, as a scope without the flow demands it.
    private static StoredRecord? WriteAndRollBack(EntityFrameworkCoreTokenStore<AppDbContext> store, TransactionScopeAsyncFlowOption flow)
    {
        using var scope = new TransactionScope(flow);
#pragma warning disable xUnit1031 // See above.
        return store.CompareExchangeAsync(Key, "one", null, null, default).AsTask().GetAwaiter().GetResult();
#pragma warning restore xUnit1031
    }

    private sealed class Refusing : DbCommandInterceptor
    {
        public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
            DbCommand command,
            CommandEventData eventData,
            InterceptionResult<DbDataReader> result,
            CancellationToken cancellationToken = default) => throw new NotSupportedException("Not on this day.");
    }
}

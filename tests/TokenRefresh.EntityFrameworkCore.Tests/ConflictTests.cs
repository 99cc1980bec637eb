using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;
using TokenRefresh.TestKit;

namespace TokenRefresh.EntityFrameworkCore.Tests;

/// <summary>The database ends a statement that conflicts with another one, instead of counting no row.</summary>
[Trait("Case", "S13")]
public sealed class ConflictTests(PostgresFixture server)
{
    private static readonly TokenSessionKey Key = new("orders");

    [Theory]
    [InlineData("read\\ committed", false)]
    [InlineData("repeatable\\ read", false)]
    [InlineData("serializable", false)]
    [InlineData("repeatable\\ read", true)]
    [InlineData("serializable", true)]
    public async Task A_write_that_waited_for_another_one_returns_its_record(string isolation, bool isExpired)
    {
        await using var database = await server.CreateAsync($"Options=-c default_transaction_isolation={isolation}");

        await BlockedWrite.CheckReplacedRowAsync(database, database.Open(), isExpired, () => WaitUntilBlockedAsync(database));
    }

    [Theory]
    [InlineData("repeatable\\ read")]
    [InlineData("serializable")]
    public async Task A_row_that_a_transaction_has_removed_is_written_again(string isolation)
    {
        await using var database = await server.CreateAsync($"Options=-c default_transaction_isolation={isolation}");

        await BlockedWrite.CheckRemovedRowAsync(database, database.Open(), () => WaitUntilBlockedAsync(database));
    }

    [Fact]
    public async Task A_write_that_the_database_ends_because_of_a_deadlock_is_sent_again()
    {
        await using var database = await TestDatabase.CreateAsync(new SqliteDatabase());
        var first = await database.Open().CompareExchangeAsync(Key, "one", null, null, default);
        var deadlock = new Deadlock("UPDATE", times: 1);
        var store = database.Open(configure: options => options.AddInterceptors(deadlock));

        var second = await store.CompareExchangeAsync(Key, "two", first?.Revision, null, default);

        Assert.Equal("two", second?.Text);
        Assert.Equal(2, deadlock.Sent);
    }

    [Theory]
    [InlineData("UPDATE", 20)]
    [InlineData("UPDATE", 1000)]
    [InlineData("INSERT", 1000)]
    public async Task A_first_write_that_conflicts_again_and_again_fails_for_now(string statement, int times)
    {
        await using var database = await TestDatabase.CreateAsync(new SqliteDatabase());
        await using var app = TestApp.Over(
            database.Open(configure: options => options.AddInterceptors(new Deadlock(statement, times))),
            options => options.MinRefreshInterval = TimeSpan.Zero);

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(app.SignInAsync);

        Assert.Equal(TokenRefreshFailure.Transient, failure.Failure);
        Assert.Contains("InvalidOperationException", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task A_row_that_is_removed_right_after_an_insert_has_found_it_is_no_failure(string provider)
    {
        await using TestDatabase database =
            provider == "sqlite" ? await TestDatabase.CreateAsync(new SqliteDatabase()) : await server.CreateAsync();
        var removal = new Removal(database.Open());
        var store = database.Open(configure: options => options.AddInterceptors(removal));

        var written = await store.CompareExchangeAsync(Key, "two", null, null, default);

        Assert.Equal((1, "two"), (removal.Removed, written?.Text));
        Assert.Equal("two", (await store.ReadAsync(Key, default))?.Text);
    }

    [Fact]
    public async Task A_lost_connection_is_repeated_by_the_strategy_of_Npgsql()
    {
        await using var database = await server.CreateAsync();
        var store = database.Open(configure: options => options.UseNpgsql(database.Connection, npgsql => npgsql.EnableRetryOnFailure()));
        var first = await store.CompareExchangeAsync(Key, "one", null, null, default);
        await using var other = new NpgsqlConnection(database.Connection + ";Pooling=false");
        await other.OpenAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await ExecuteAsync(other, """UPDATE "TokenSessions" SET "Text" = 'never'""");

        var write = store.CompareExchangeAsync(Key, "two", first?.Revision, null, default).AsTask();
        await WaitUntilBlockedAsync(database);
        await ExecuteAsync(other, """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
            """);
        await transaction.RollbackAsync();

        Assert.Equal("two", (await write.WaitAsync(Gate.FailSafe, TimeProvider.System))?.Text);
        Assert.Equal("two", (await store.ReadAsync(Key, default))?.Text);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string statement)
    {
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task WaitUntilBlockedAsync(PostgresDatabase database)
    {
        await using var context = database.CreateContext();
        var start = TimeProvider.System.GetTimestamp();
        while (await CountBlockedAsync(context) == 0)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Gate.FailSafe, "No statement is blocked.");
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }
    }

    private static Task<int> CountBlockedAsync(AppDbContext context) => context.Database.SqlQuery<int>($"""
        SELECT count(*)::int AS "Value" FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
        """).SingleAsync();

    /// <summary>The first statements of a kind are victims of a deadlock.</summary>
    private sealed class Deadlock(string statement, int times) : DbCommandInterceptor
    {
        private int _sent;

        public int Sent => Volatile.Read(ref _sent);

        public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
            DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default) =>
            command.CommandText.StartsWith(statement, StringComparison.Ordinal) && Interlocked.Increment(ref _sent) <= times
                ? throw new PostgresException("deadlock detected", "ERROR", "ERROR", "40P01")
                : new(result);
    }

    /// <summary>Another process inserts the row just before the first INSERT; the app's own job removes it just after.</summary>
    private sealed class Removal(EntityFrameworkCoreTokenStore<AppDbContext> other) : DbCommandInterceptor
    {
        private int _inserts;

        public int Removed { get; private set; }

        public override async ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
            DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
        {
            if (command.CommandText.StartsWith("INSERT", StringComparison.Ordinal) && _inserts++ == 0)
            {
                await other.CompareExchangeAsync(Key, "one", null, TimeSpan.Zero, cancellationToken);
            }

            return result;
        }

        public override async Task CommandFailedAsync(
            DbCommand command, CommandErrorEventData eventData, CancellationToken cancellationToken = default) =>
            Removed += await other.RemoveEndedAsync(TimeSpan.Zero, cancellationToken);
    }
}

using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using MySqlConnector;
using TokenRefresh.EntityFrameworkCore.Tests;

namespace TokenRefresh.EntityFrameworkCore8.Tests;

/// <summary>MariaDB ends a statement that conflicts with another one, repeats it, or counts its rows in another way.</summary>
[Trait("Case", "S17")]
public sealed class MariaDbConflictTests(MariaDbFixture server)
{
    private static readonly TokenSessionKey Key = new("orders");

    [Theory]
    [InlineData("READ COMMITTED", false)]
    [InlineData("REPEATABLE READ", false)]
    [InlineData("SERIALIZABLE", false)]
    [InlineData("READ COMMITTED", true)]
    [InlineData("REPEATABLE READ", true)]
    [InlineData("SERIALIZABLE", true)]
    public async Task A_write_that_waited_for_another_one_returns_its_record(string isolation, bool isExpired)
    {
        await using var database = await server.CreateAsync();
        var settings = new SessionSettings(
            $"SET SESSION innodb_snapshot_isolation = ON; SET SESSION TRANSACTION ISOLATION LEVEL {isolation}");
        var store = database.Open(configure: options => options.AddInterceptors(settings));

        await BlockedWrite.CheckReplacedRowAsync(database, store, isExpired, () => WaitUntilBlockedAsync(database));
    }

    [Fact]
    public async Task A_row_that_a_transaction_has_removed_is_written_again()
    {
        await using var database = await server.CreateAsync();

        await BlockedWrite.CheckRemovedRowAsync(database, database.Open(), () => WaitUntilBlockedAsync(database));
    }

    [Fact]
    public async Task A_lock_that_lasts_too_long_is_repeated_by_the_strategy_of_the_provider()
    {
        await using var database = await server.CreateAsync();
        await using var other = await OpenAsync(database);
        var failures = new Failures(() => MariaDbDatabase.ExecuteAsync(other, "ROLLBACK"));
        var store = database.Open(configure: options => database.UseWith(
            options.AddInterceptors(failures, new SessionSettings("SET SESSION innodb_lock_wait_timeout = 1")),
            mySql => mySql.EnableRetryOnFailure()));
        var first = await store.CompareExchangeAsync(Key, "one", null, null, default);
        await MariaDbDatabase.ExecuteAsync(other, "BEGIN; UPDATE TokenSessions SET Text = 'never'");

        var second = await store.CompareExchangeAsync(Key, "two", first?.Revision, null, default);

        Assert.Equal(("two", 1), (second?.Text, failures.Count));
        Assert.Equal("two", (await store.ReadAsync(Key, default))?.Text);
    }

    [Fact]
    public async Task A_connection_that_is_killed_fails_the_write_and_changes_nothing()
    {
        await using var database = await server.CreateAsync();
        var store = database.Open();
        var first = await store.CompareExchangeAsync(Key, "one", null, null, default);
        await using var other = await OpenAsync(database);
        await MariaDbDatabase.ExecuteAsync(other, "BEGIN; UPDATE TokenSessions SET Text = 'never'");

        var write = store.CompareExchangeAsync(Key, "two", first?.Revision, null, default).AsTask();
        await database.ExecuteAsync($"KILL CONNECTION {await WaitUntilBlockedAsync(database)}");
        await Assert.ThrowsAsync<MySqlException>(() => write);
        await MariaDbDatabase.ExecuteAsync(other, "ROLLBACK");

        Assert.Equal("one", (await store.ReadAsync(Key, default))?.Text);
        Assert.Equal("two", (await store.CompareExchangeAsync(Key, "two", first?.Revision, null, default))?.Text);
    }

    [Theory]
    [InlineData("UseAffectedRows=true")]
    [InlineData("UseAffectedRows=false")]
    public async Task A_repeated_write_has_succeeded_whichever_rows_the_connection_counts(string settings)
    {
        await using var database = await server.CreateAsync(settings);
        var lost = new LostAnswer("UPDATE");
        var first = await database.Open().CompareExchangeAsync(Key, "same", null, null, default);
        var store = database.Open(configure: lost.Configure);

        var second = await store.CompareExchangeAsync(Key, "same", first?.Revision, null, default);
        var late = await store.CompareExchangeAsync(Key, "late", first?.Revision, null, default);

        Assert.Equal(("same", second?.Revision), (late?.Text, late?.Revision));
        Assert.NotEqual(first?.Revision, second?.Revision);
    }

    private static async Task<MySqlConnection> OpenAsync(MariaDbDatabase database)
    {
        var connection = new MySqlConnection(database.Connection + ";Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    /// <returns>The connection that waits for a lock.</returns>
    private static async Task<long> WaitUntilBlockedAsync(MariaDbDatabase database)
    {
        await using var context = database.CreateContext();
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            // InnoDB shows an older list while it is read more often than every 100 ms.
            await Task.Delay(TimeSpan.FromMilliseconds(120), TimeProvider.System);
            var blocked = await context.Database.SqlQuery<long>($"""
                SELECT CAST(trx_mysql_thread_id AS SIGNED) AS Value FROM information_schema.innodb_trx
                JOIN information_schema.processlist ON id = trx_mysql_thread_id AND db = DATABASE() WHERE trx_state = 'LOCK WAIT'
                """).ToListAsync();
            if (blocked is [var one])
            {
                return one;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(start) < Gate.FailSafe, "No statement is blocked.");
        }
    }

    private sealed class Failures(Func<Task> onFailure) : DbCommandInterceptor
    {
        public int Count { get; private set; }

        public override Task CommandFailedAsync(
            DbCommand command, CommandErrorEventData eventData, CancellationToken cancellationToken = default)
        {
            Count++;
            return onFailure();
        }
    }
}

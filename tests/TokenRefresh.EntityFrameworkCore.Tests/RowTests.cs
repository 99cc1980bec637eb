using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using TokenRefresh.Storage;
using TokenRefresh.TestKit;

namespace TokenRefresh.EntityFrameworkCore.Tests;

/// <summary>What stands in the table: times, ends, and nothing that can be read.</summary>
/// <param name="databases">Creates the database.</param>
/// <param name="clock">How the provider writes the clock of the database.</param>
public abstract class RowTests(IDatabaseSource databases, string clock) : IAsyncLifetime
{
    private static readonly TokenSessionKey Key = new("orders", "user@example.com");
    private TestDatabase? _database;

    private TestDatabase Database => _database ?? throw new InvalidOperationException("The test isn't initialized.");

    public async ValueTask InitializeAsync() => _database = await databases.CreateDatabaseAsync();

    public async ValueTask DisposeAsync()
    {
        await (_database?.DisposeAsync() ?? default);
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Times_are_those_of_the_database()
    {
        var log = new CommandLog();
        var store = Database.Open(configure: options => options.AddInterceptors(log));
        var first = await store.CompareExchangeAsync(Key, "one", null, TimeSpan.FromDays(7), default);
        await store.CompareExchangeAsync(Key, "two", first?.Revision, null, default);
        await store.ReadAsync(Key, default);
        await store.RemoveEndedAsync(TimeSpan.FromDays(1), default);

        string[] columns = ["WrittenAt", "ExpiresAt"];
        var timed = log.Commands
            .Where(command => columns.Any(column => command.Contains(column, StringComparison.Ordinal)))
            .Where(command => !command.Contains("INSERT", StringComparison.Ordinal)).ToArray();
        Assert.InRange(timed.Length, 5, 8);
        Assert.All(timed, command =>
        {
            Assert.Contains(clock, command, StringComparison.Ordinal);
            Assert.DoesNotMatch("[\"`](WrittenAt|ExpiresAt)[\"`] (=|<=|>) @", command);
        });
        Assert.Contains(timed, command => command.Split("WHERE")[0] is var selected
            && selected.StartsWith("SELECT", StringComparison.Ordinal)
            && selected.Contains("WrittenAt", StringComparison.Ordinal)
            && selected.Contains(clock, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_age_counts_from_the_time_in_the_row()
    {
        var store = Database.Open();
        await store.CompareExchangeAsync(Key, "one", null, null, default);

        await BackdateAsync(TimeSpan.FromHours(1));
        var old = await store.ReadAsync(Key, default);
        await BackdateAsync(TimeSpan.FromHours(-1));
        var ofTheFuture = await store.ReadAsync(Key, default);

        Assert.InRange(old!.Value.Age, TimeSpan.FromMinutes(59), TimeSpan.FromMinutes(61));
        Assert.Equal(TimeSpan.Zero, ofTheFuture!.Value.Age);
    }

    [Fact]
    [Trait("Case", "S13")]
    public async Task A_row_whose_time_is_over_counts_as_missing()
    {
        var store = Database.Open();
        var first = await store.CompareExchangeAsync(Key, "one", null, TimeSpan.FromDays(7), default);
        await ExpireAsync(TimeSpan.FromMinutes(1));

        Assert.Null(await store.ReadAsync(Key, default));
        Assert.Null(await store.CompareExchangeAsync(Key, "late", first?.Revision, null, default));
        Assert.Equal("two", (await store.CompareExchangeAsync(Key, "two", null, null, default))?.Text);
        Assert.Equal("two", (await Database.Open().ReadAsync(Key, default))?.Text);
    }

    [Fact]
    [Trait("Case", "S13")]
    public async Task Records_of_sign_outs_end_after_a_week_and_those_of_logins_do_not()
    {
        var process = new OtherProcess(Database.Open(), Key);
        await process.SignInAsync(new TokenSet("access-1", "refresh-1"));
        var signedIn = await RowAsync();
        await process.SignOutAsync();
        var signedOut = await RowAsync();
        await process.SignInAsync(new TokenSet("access-2", "refresh-2"));
        var again = await RowAsync();

        Assert.Null(signedIn.ExpiresAt);
        Assert.InRange(signedOut.ExpiresAt!.Value - signedOut.WrittenAt, TimeSpan.FromDays(6.9), TimeSpan.FromDays(7.1));
        Assert.Null(again.ExpiresAt);
    }

    [Fact]
    [Trait("Case", "S13")]
    public async Task Rows_are_removed_when_they_have_ended_long_enough_ago()
    {
        var store = Database.Open();
        await store.CompareExchangeAsync(Key, "one", null, TimeSpan.FromDays(7), default);
        await store.CompareExchangeAsync(Key with { UserKey = "another" }, "two", null, null, default);
        var beforeItsEnd = await store.RemoveEndedAsync(TimeSpan.Zero, default);
        await ExpireAsync(TimeSpan.FromHours(2));
        var tooSoon = await store.RemoveEndedAsync(TimeSpan.FromHours(3), default);
        var removed = await store.RemoveEndedAsync(TimeSpan.FromHours(1), default);

        Assert.Equal((0, 0, 1), (beforeItsEnd, tooSoon, removed));
        Assert.Equal("two", (await store.ReadAsync(Key with { UserKey = "another" }, default))?.Text);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => store.RemoveEndedAsync(TimeSpan.FromTicks(-1), default));
    }

    [Fact]
    public async Task A_record_that_is_needed_for_ever_so_long_is_kept()
    {
        var store = Database.Open();

        await store.CompareExchangeAsync(Key, "one", null, TimeSpan.MaxValue, default);

        Assert.Equal("one", (await store.ReadAsync(Key, default))?.Text);
        Assert.Null((await RowAsync()).ExpiresAt);
    }

    [Fact]
    [Trait("Case", "S13")]
    public async Task The_shortest_and_the_longest_spans_are_accepted()
    {
        var store = Database.Open();

        Assert.NotNull(await store.CompareExchangeAsync(Key, "one", null, TimeSpan.FromTicks(1), default));
        Assert.Equal(0, await store.RemoveEndedAsync(TimeSpan.MaxValue));
        await ExpireAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(1, await store.RemoveEndedAsync(TimeSpan.FromTicks(1)));
    }

    [Fact]
    public async Task A_caller_that_has_left_gets_no_answer()
    {
        var store = Database.Open();
        using var left = new CancellationTokenSource();
        await left.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.ReadAsync(Key, left.Token).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => store.CompareExchangeAsync(Key, "one", null, null, left.Token).AsTask());
        Assert.Null(await store.ReadAsync(Key, default));
    }

    [Fact]
    public async Task A_write_whose_answer_is_lost_and_that_is_repeated_has_succeeded()
    {
        var first = await Database.Open().CompareExchangeAsync(Key, "one", null, null, default);
        var lost = new LostAnswer("UPDATE");
        var store = Database.Open(configure: lost.Configure);

        var second = await store.CompareExchangeAsync(Key, "two", first?.Revision, null, default);
        var read = await store.ReadAsync(Key, default);

        Assert.Equal(2, lost.Sent);
        Assert.Equal(("two", read?.Revision), (second?.Text, second?.Revision));
        Assert.Equal("two", read?.Text);
    }

    [Theory]
    [InlineData("INSERT")]
    [InlineData("UPDATE")]
    public async Task A_first_write_whose_answer_is_lost_and_that_is_repeated_has_succeeded(string statement)
    {
        var lost = new LostAnswer(statement);
        var store = Database.Open(configure: lost.Configure);

        var written = await store.CompareExchangeAsync(Key, "one", null, null, default);
        var read = await store.ReadAsync(Key, default);

        Assert.Equal(2, lost.Sent);
        Assert.Equal(("one", read?.Revision), (written?.Text, written?.Revision));
        Assert.Equal("one", read?.Text);
    }

    private async Task<TokenSessionEntity> RowAsync()
    {
        await using var context = Database.CreateContext();
        return await context.Set<TokenSessionEntity>().AsNoTracking().SingleAsync();
    }

    private async Task BackdateAsync(TimeSpan by)
    {
        await using var context = Database.CreateContext();
        var time = TimeProvider.System.GetUtcNow().UtcDateTime - by;
        Assert.Equal(1, await context.Set<TokenSessionEntity>().ExecuteUpdateAsync(rows => rows.SetProperty(row => row.WrittenAt, time)));
    }

    private async Task ExpireAsync(TimeSpan ago)
    {
        await using var context = Database.CreateContext();
        var time = TimeProvider.System.GetUtcNow().UtcDateTime - ago;
        Assert.Equal(1, await context.Set<TokenSessionEntity>().Where(row => row.ExpiresAt != null)
            .ExecuteUpdateAsync(rows => rows.SetProperty(row => row.ExpiresAt, time)));
    }

    /// <summary>The commands as they were sent.</summary>
    private sealed class CommandLog : DbCommandInterceptor
    {
        public ConcurrentQueue<string> Commands { get; } = new();

        public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
            DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
        {
            Commands.Enqueue(command.CommandText);
            return new(result);
        }

        public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
            DbCommand command,
            CommandEventData eventData,
            InterceptionResult<DbDataReader> result,
            CancellationToken cancellationToken = default)
        {
            Commands.Enqueue(command.CommandText);
            return new(result);
        }
    }
}

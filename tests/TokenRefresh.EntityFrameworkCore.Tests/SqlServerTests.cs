using System.Data;
using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.SqlServer.TransactSql.ScriptDom;

namespace TokenRefresh.EntityFrameworkCore.Tests;

/// <summary>
/// The statements for SQL Server, as its provider writes them and as its grammar reads them. No server executes them: an interceptor answers.
/// </summary>
[Trait("Case", "S19")]
public sealed class SqlServerTests
{
    private static readonly TokenSessionKey Key = new("orders", "user@example.com");

    [Fact]
    public async Task The_table_has_a_short_key_and_a_text_without_limit()
    {
        await using var database = new UnreachedDatabase(new Answers());
        await using var context = database.CreateContext();

        var script = context.Database.GenerateCreateScript();

        Check(script.Replace("GO", "", StringComparison.Ordinal));
        Assert.Contains("[Key] varchar(40) NOT NULL", script, StringComparison.Ordinal);
        Assert.Contains("[Text] nvarchar(max) NOT NULL", script, StringComparison.Ordinal);
        Assert.Contains("[Revision] varchar(32) NOT NULL", script, StringComparison.Ordinal);
        Assert.Contains("[WrittenAt] datetime2 NOT NULL", script, StringComparison.Ordinal);
        Assert.Contains("[ExpiresAt] datetime2 NULL", script, StringComparison.Ordinal);
        Assert.Contains("PRIMARY KEY ([Key])", script, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_statement_is_one_that_SQL_Server_can_read_and_takes_its_times_from_the_database()
    {
        var answers = new Answers();
        await using var database = new UnreachedDatabase(answers);
        var store = database.Open();
        var revision = Guid.NewGuid().ToString("N");

        await store.ReadAsync(Key, default);
        await store.CompareExchangeAsync(Key, "one", null, TimeSpan.FromMilliseconds(1500), default);
        await store.CompareExchangeAsync(Key, "two", revision, null, default);
        await store.CompareExchangeAsync(Key, "three", revision, TimeSpan.FromDays(36500), default);
        await store.WaitForChangeAsync(Key, revision, TimeSpan.FromSeconds(30), default);
        await store.RemoveEndedAsync(TimeSpan.MaxValue, default);

        // A read; a first write; two later writes; a poll; a removal.
        Assert.Equal(
            ["SELECT", "SELECT", "SELECT", "INSERT", "UPDATE", "UPDATE", "UPDATE", "SELECT", "DELETE"],
            answers.Commands.Select(command => command.Kind));
        Assert.All(answers.Commands, command => Check(command.Declared));
        Assert.All(answers.Commands.Where(command => command.Kind is not "INSERT" && command.Text.Contains("At]", StringComparison.Ordinal)), command =>
        {
            Assert.Contains("GETUTCDATE()", command.Text, StringComparison.Ordinal);
            Assert.DoesNotContain(DbType.DateTime2, command.Types);
        });

        // DATEADD takes an int and cuts off fractions: the seconds are whole, and fit.
        Assert.All(answers.Commands.SelectMany(command => command.Numbers), seconds =>
        {
            Assert.Equal(Math.Truncate(seconds), seconds);
            Assert.InRange(seconds, int.MinValue, int.MaxValue);
        });
        Assert.Contains(2.0, answers.Commands.SelectMany(command => command.Numbers));
    }

    // The grammar of SQL Server 2016.
    private static void Check(string statement)
    {
        new TSql130Parser(initialQuotedIdentifiers: true).Parse(new StringReader(statement), out var errors);
        Assert.Empty(errors.Select(error => $"{error.Message} {statement}"));
    }

    private sealed record Command(string Text, string[] Names, DbType[] Types, double[] Numbers)
    {
        public string Kind => Text.Split(' ', '\n').First(word => word is "SELECT" or "INSERT" or "UPDATE" or "DELETE");

        public string Declared => string.Concat(Names.Select(name => $"DECLARE {name} sql_variant;\n")) + Text;
    }

    /// <summary>No row is there, and each write succeeds.</summary>
    private sealed class Answers : DbCommandInterceptor
    {
        public List<Command> Commands { get; } = [];

        public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
            DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
        {
            Add(command);
            return new(InterceptionResult<int>.SuppressWithResult(1));
        }

        public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
            DbCommand command,
            CommandEventData eventData,
            InterceptionResult<DbDataReader> result,
            CancellationToken cancellationToken = default)
        {
            Add(command);
            using var table = new DataTable();
            table.Columns.Add("Value", typeof(bool));
            if (command.CommandText.Contains("EXISTS", StringComparison.Ordinal))
            {
                table.Rows.Add(false);
            }

            return new(InterceptionResult<DbDataReader>.SuppressWithResult(table.CreateDataReader()));
        }

        private void Add(DbCommand command)
        {
            var parameters = command.Parameters.Cast<DbParameter>().ToArray();
            Commands.Add(new Command(
                command.CommandText,
                [.. parameters.Select(parameter => '@' + parameter.ParameterName.TrimStart('@'))],
                [.. parameters.Select(parameter => parameter.DbType)],
                [.. parameters.Select(parameter => parameter.Value).OfType<double>()]));
        }
    }

    private sealed class UnreachedDatabase(Answers answers) : TestDatabase
    {
        public override void Use(DbContextOptionsBuilder options) =>
            options.UseSqlServer("Server=127.0.0.1;Database=app;User ID=app;Password=none").AddInterceptors(answers, new NoConnection());
    }

    private sealed class NoConnection : DbConnectionInterceptor
    {
        public override ValueTask<InterceptionResult> ConnectionOpeningAsync(
            DbConnection connection, ConnectionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default) =>
            new(InterceptionResult.Suppress());
    }
}

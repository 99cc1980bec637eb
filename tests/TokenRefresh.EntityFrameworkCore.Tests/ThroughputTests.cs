using System.Collections.Concurrent;
using System.Data.Common;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using TokenRefresh.TestKit;

namespace TokenRefresh.EntityFrameworkCore.Tests;

/// <summary>What a refresh costs one PostgreSQL, and how many it carries. The numbers are in docs/internals/scale.md.</summary>
[Collection("Alone")]
public sealed class ThroughputTests(PostgresFixture server)
{
    private const int Workers = 32;

    // Long enough to see that it runs. A measurement takes longer: TOKENREFRESH_SECONDS=5.
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(
        double.TryParse(Environment.GetEnvironmentVariable("TOKENREFRESH_SECONDS"), CultureInfo.InvariantCulture, out var seconds) ? seconds : 0.5);

    [Fact]
    [Trait("Case", "C3")]
    public async Task A_refresh_is_two_updates_and_a_valid_token_is_no_statement()
    {
        await using var database = await server.CreateAsync();
        var statements = new Statements();
        await using var services = CreateServices(database, statements);
        var session = services.GetRequiredService<TokenSessions>()["orders"];
        await session.SignInAsync(new TokenSet("access-0", "refresh-0"), TestContext.Current.CancellationToken);
        await session.RefreshAsync(TestContext.Current.CancellationToken);
        statements.Kinds.Clear();

        await session.GetAccessTokenAsync(TestContext.Current.CancellationToken);
        Assert.Empty(statements.Kinds);
        await session.RefreshAsync(TestContext.Current.CancellationToken);

        Assert.Equal(["UPDATE", "UPDATE"], statements.Kinds);
    }

    [Fact]
    [Trait("Case", "C3")]
    public async Task A_process_that_waits_for_a_refresh_tries_two_updates_and_reads_otherwise()
    {
        await using var database = await server.CreateAsync();
        var gate = new Gate();
        var statements = new Statements();
        await using var here = CreateServices(database, new Statements(), gate);
        await using var there = CreateServices(database, statements);
        var leader = here.GetRequiredService<TokenSessions>()["orders"];
        var follower = there.GetRequiredService<TokenSessions>()["orders"];
        await leader.SignInAsync(new TokenSet("access-0", "refresh-0"), TestContext.Current.CancellationToken);
        await follower.GetAccessTokenAsync(TestContext.Current.CancellationToken);
        statements.Kinds.Clear();

        var refresh = leader.RefreshAsync(TestContext.Current.CancellationToken);
        await gate.ArrivedAsync(1);
        var waiting = follower.RefreshAsync(TestContext.Current.CancellationToken);
        await UntilAsync(() => statements.Kinds.Count >= 5);
        gate.Open();
        await Task.WhenAll(refresh, waiting);

        // It tries to take the lease, before its polls and after them. Both times the row has another revision.
        var kinds = statements.Kinds.ToArray();
        Assert.Equal(["UPDATE", "SELECT"], kinds[..2]);
        Assert.Equal(["UPDATE", "SELECT"], kinds[^2..]);
        Assert.All(kinds[2..^2], poll => Assert.Equal("SELECT", poll));
    }

    [Fact]
    public async Task Refreshes_a_second()
    {
        await using var database = await server.CreateAsync($"Maximum Pool Size={Workers}");
        await using var services = CreateServices(database, new Statements());
        var sessions = services.GetRequiredService<TokenSessions>();
        var refreshes = await CountAsync(async worker =>
        {
            var session = sessions["orders", $"{worker}"];
            if (session.State != TokenSessionState.SignedIn)
            {
                await session.SignInAsync(new TokenSet(new string('a', 1_000), new string('r', 1_000)));
            }

            await session.RefreshAsync();
        });
        var statements = await CountStatementsAsync(database);

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{Workers} sessions at a time, PostgreSQL and client on {Environment.ProcessorCount} cores: {refreshes:N0} refreshes a second; "
            + $"the same UPDATE without EF Core: {statements:N0} a second");
        Assert.True(refreshes > 0 && statements > 0);
    }

    [Fact(Explicit = true)]
    public async Task Statements_a_second_of_one_server_and_of_two()
    {
        using var secondServer = new PostgresServer();
        await secondServer.StartAsync();
        await using var first = await server.CreateAsync($"Maximum Pool Size={Workers}");
        await using var second = await TestDatabase.CreateAsync(new PostgresDatabase(secondServer, $"Maximum Pool Size={Workers}"));
        foreach (var store in new[] { first.Open(), second.Open() })
        {
            await Task.WhenAll(Enumerable.Range(0, Workers).Select(
                user => store.CompareExchangeAsync(new TokenSessionKey("orders", $"{user}"), "-", null, null, default).AsTask()));
        }

        var one = await CountStatementsAsync(first);
        var two = await Task.WhenAll(CountStatementsAsync(first), CountStatementsAsync(second));

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{Workers} connections to each server: {one:N0} UPDATEs a second with one, {two.Sum():N0} with two");
        Assert.True(one > 0 && two.All(count => count > 0));
    }

    /// <summary>The statement of a save, by prepared commands: what the database itself carries.</summary>
    private static async Task<double> CountStatementsAsync(PostgresDatabase database)
    {
        await using var source = NpgsqlDataSource.Create(database.Connection);
        var keys = new ConcurrentQueue<string>();
        await using (var select = source.CreateCommand("""SELECT "Key" FROM "TokenSessions" """))
        await using (var reader = await select.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                keys.Enqueue(reader.GetString(0));
            }
        }

        var known = keys.ToArray();
        var commands = new NpgsqlCommand[Workers];
        for (var worker = 0; worker < Workers; worker++)
        {
            var connection = await source.OpenConnectionAsync();
            commands[worker] = new NpgsqlCommand(
                """
                UPDATE "TokenSessions" SET "Text" = $1, "Revision" = $2, "WrittenAt" = now(), "ExpiresAt" = NULL
                WHERE "Key" = $3 AND ("ExpiresAt" IS NULL OR "ExpiresAt" > now()) AND "Revision" <> ''
                """,
                connection);
            commands[worker].Parameters.AddWithValue(new string('t', 2_500));
            commands[worker].Parameters.AddWithValue("");
            commands[worker].Parameters.AddWithValue(known[worker % known.Length]);
            await commands[worker].PrepareAsync();
        }

        var count = await CountAsync(async worker =>
        {
            commands[worker].Parameters[1].Value = Guid.NewGuid().ToString("N");
            await commands[worker].ExecuteNonQueryAsync();
        });
        foreach (var command in commands)
        {
            await command.Connection!.DisposeAsync();
            await command.DisposeAsync();
        }

        return count;
    }

    private static async Task<double> CountAsync(Func<int, Task> step)
    {
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(step));
        var start = TimeProvider.System.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(async () =>
        {
            var count = 0;
            for (; TimeProvider.System.GetElapsedTime(start) < Duration; count++)
            {
                await step(worker);
            }

            return count;
        })));
        return counts.Sum() / TimeProvider.System.GetElapsedTime(start).TotalSeconds;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var failSafe = new CancellationTokenSource(Gate.FailSafe, TimeProvider.System);
        while (!condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, failSafe.Token);
        }
    }

    private static ServiceProvider CreateServices(PostgresDatabase database, Statements statements, Gate? gate = null)
    {
        var services = new ServiceCollection();
        services.AddDbContextPool<AppDbContext>(options =>
        {
            database.Use(options);
            options.AddInterceptors(statements);
        });
        services.AddTokenSession("orders", options => options.MinRefreshInterval = TimeSpan.Zero)
            .UseEndpoint(_ => new Endpoint(gate))
            .UseEntityFrameworkCore<AppDbContext>()
            .AllowUnencryptedStore();
        return services.BuildServiceProvider();
    }

    private sealed class Statements : DbCommandInterceptor
    {
        public ConcurrentQueue<string> Kinds { get; } = new();

        public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
            DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
        {
            Kinds.Enqueue(command.CommandText.Split(' ')[0]);
            return base.NonQueryExecutingAsync(command, eventData, result, cancellationToken);
        }

        public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
            DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
        {
            Kinds.Enqueue(command.CommandText.Split(' ')[0]);
            return base.ReaderExecutingAsync(command, eventData, result, cancellationToken);
        }
    }

    private sealed class Endpoint(Gate? gate) : ITokenEndpoint
    {
        private int _calls;

        public async Task<TokenEndpointResult> RequestTokenAsync(TokenEndpointRequest request, CancellationToken cancellationToken)
        {
            var number = Interlocked.Increment(ref _calls);
            await (gate?.PassAsync(cancellationToken) ?? Task.CompletedTask);
            return TokenEndpointResult.Succeeded(new TokenSet($"{number}".PadLeft(1_000, 'a'), $"{number}".PadLeft(1_000, 'r')));
        }
    }
}

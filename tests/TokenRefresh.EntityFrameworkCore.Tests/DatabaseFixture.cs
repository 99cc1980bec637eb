using TokenRefresh.TestKit;

namespace TokenRefresh.EntityFrameworkCore.Tests;

/// <summary>Creates databases of one kind.</summary>
public interface IDatabaseSource
{
    /// <summary>A new database with its tables.</summary>
    Task<TestDatabase> CreateDatabaseAsync();
}

/// <summary>A real database server, started for the tests that need one and ended with them.</summary>
/// <typeparam name="TServer">The server.</typeparam>
/// <typeparam name="TDatabase">A database of it.</typeparam>
/// <param name="missing">Why the server can't run here, or <see langword="null"/>.</param>
/// <param name="open">Opens a database of the server with these settings of the connection.</param>
public abstract class DatabaseFixture<TServer, TDatabase>(string? missing, Func<TServer, string, TDatabase> open)
    : IDatabaseSource, IAsyncDisposable
    where TServer : ITestServer, new()
    where TDatabase : TestDatabase
{
    private readonly SharedServer<TServer> _server = new();

    /// <summary>A new database. The test is skipped where the server can't run, unless servers are required.</summary>
    public async Task<TDatabase> CreateAsync(string settings = "")
    {
        Machine.MustHave(missing);
        return await TestDatabase.CreateAsync(open(await _server.GetAsync(), settings));
    }

    async Task<TestDatabase> IDatabaseSource.CreateDatabaseAsync() => await CreateAsync();

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

/// <summary>A new file for each database.</summary>
internal sealed class SqliteFiles : IDatabaseSource
{
    public async Task<TestDatabase> CreateDatabaseAsync() => await TestDatabase.CreateAsync(new SqliteDatabase());
}

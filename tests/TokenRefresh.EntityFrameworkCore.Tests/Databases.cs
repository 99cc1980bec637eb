using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using TokenRefresh.TestKit;
using Xunit;

[assembly: AssemblyFixture(typeof(TokenRefresh.EntityFrameworkCore.Tests.PostgresFixture))]
[assembly: AssemblyFixture(typeof(Canary))]

namespace TokenRefresh.EntityFrameworkCore.Tests;

/// <summary>A database of its own for one test, and the processes that use it: each with services of its own.</summary>
public abstract class TestDatabase : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _opened = [];

    /// <summary>A new database with its tables.</summary>
    public static async Task<T> CreateAsync<T>(T database)
        where T : TestDatabase
    {
        await using var context = database.CreateContext();
        await context.Database.EnsureCreatedAsync();
        return database;
    }

    /// <summary>Sets the provider and the connection string, as an app does.</summary>
    public abstract void Use(DbContextOptionsBuilder options);

    public AppDbContext CreateContext()
    {
        var options = new DbContextOptionsBuilder<AppDbContext>();
        Use(options);
        return new AppDbContext(options.Options);
    }

    /// <summary>Opens the store as another process would.</summary>
    public EntityFrameworkCoreTokenStore<AppDbContext> Open(
        EntityFrameworkCoreTokenStoreOptions? storeOptions = null, Action<DbContextOptionsBuilder>? configure = null)
    {
        var services = new ServiceCollection().AddDbContext<AppDbContext>(options =>
        {
            Use(options);
            configure?.Invoke(options);
        }).BuildServiceProvider(validateScopes: true);
        var store = new EntityFrameworkCoreTokenStore<AppDbContext>(services.GetRequiredService<IServiceScopeFactory>(), storeOptions);
        lock (_opened)
        {
            _opened.Add(store);
            _opened.Add(services);
        }

        return store;
    }

    public virtual async ValueTask DisposeAsync()
    {
        foreach (var opened in _opened)
        {
            await opened.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }
}

/// <summary>A SQLite file.</summary>
public sealed class SqliteDatabase : TestDatabase
{
    private readonly string _directory = Directory.CreateTempSubdirectory("tokenrefresh-sqlite-").FullName;

    private string Connection => $"Data Source={Path.Combine(_directory, "app.db")}";

    public override void Use(DbContextOptionsBuilder options) => options.UseSqlite(Connection);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await using (var connection = new SqliteConnection(Connection))
        {
            SqliteConnection.ClearPool(connection);
        }

        Directory.Delete(_directory, recursive: true);
    }
}

/// <summary>A database of the PostgreSQL server.</summary>
public sealed class PostgresDatabase(PostgresServer server, string settings = "") : TestDatabase
{
    private readonly string _name = "app-" + Guid.NewGuid().ToString("N");

    public string Connection => server.Connect(_name) + ";" + settings;

    public override void Use(DbContextOptionsBuilder options) => options.UseNpgsql(Connection);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await using var connection = new NpgsqlConnection(Connection);
        NpgsqlConnection.ClearPool(connection);
    }
}

/// <summary>A real PostgreSQL, started for the tests that need one and ended with them.</summary>
public sealed class PostgresFixture : IAsyncDisposable
{
    private readonly Lazy<PostgresServer> _server = new(() => new PostgresServer());
    private readonly SemaphoreSlim _gate = new(1, 1);
    private bool _isStarted;

    /// <summary>A new database. The test is skipped where there is no PostgreSQL, unless servers are required.</summary>
    public async Task<PostgresDatabase> CreateAsync(string settings = "")
    {
        Machine.MustHave(PostgresServer.Missing);
        await _gate.WaitAsync();
        try
        {
            if (!_isStarted)
            {
                await _server.Value.StartAsync();
                _isStarted = true;
            }
        }
        finally
        {
            _gate.Release();
        }

        return await TestDatabase.CreateAsync(new PostgresDatabase(_server.Value, settings));
    }

    public ValueTask DisposeAsync()
    {
        if (_server.IsValueCreated)
        {
            _server.Value.Dispose();
        }

        _gate.Dispose();
        return default;
    }
}

using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;

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

    /// <summary>An app that keeps its tokens here.</summary>
    /// <param name="configure">Sets the provider and the connection string; those of this database, if <see langword="null"/>.</param>
    public TestApp CreateApp(Action<DbContextOptionsBuilder>? configure = null) => TestApp.Create(services: services => services
        .AddDbContext<AppDbContext>(configure ?? Use)
        .AddTokenSession(TestApp.Name).UseEntityFrameworkCore<AppDbContext>().AllowUnencryptedStore());

    public async Task DropSessionsAsync()
    {
        await using var context = CreateContext();
        var table = context.GetService<ISqlGenerationHelper>().DelimitIdentifier("TokenSessions");
#pragma warning disable EF1002 // The name of a table can't be a parameter.
        await context.Database.ExecuteSqlRawAsync($"DROP TABLE {table}");
#pragma warning restore EF1002
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

using TokenRefresh.TestKit;

namespace TokenRefresh.EntityFrameworkCore.Tests;

/// <summary>The store contract over a database. Time is the database's own, so times are short and waited for.</summary>
public abstract class DatabaseContract(IDatabaseSource databases) : StoreContractTests
{
    private TestDatabase? _database;

    public override async ValueTask InitializeAsync() => _database = await databases.CreateDatabaseAsync();

    public override async ValueTask DisposeAsync()
    {
        await (_database?.DisposeAsync() ?? default);
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected override ITokenStore Open() => _database!.Open();

    protected override Task AdvanceTimeAsync(TimeSpan time) => Task.Delay(time, TimeProvider.System);
}

/// <summary>A login in a database that several processes share.</summary>
public abstract class SharedLoginInDatabase(IDatabaseSource databases) : SharedLoginContract
{
    private TestDatabase? _database;

    public override async ValueTask InitializeAsync() => _database = await databases.CreateDatabaseAsync();

    public override async ValueTask DisposeAsync()
    {
        await (_database?.DisposeAsync() ?? default);
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected override ITokenStore Open(int process) => _database!.Open();
}

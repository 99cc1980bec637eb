using System;
using System.Threading.Tasks;
using TokenRefresh.TestKit;

namespace TokenRefresh.EntityFrameworkCore.Tests;

/// <summary>The store contract over a database. Time is the database's own, so times are short and waited for.</summary>
public sealed class SqliteContract : StoreContractTests
{
    private SqliteDatabase? _database;

    public override async ValueTask InitializeAsync() => _database = await TestDatabase.CreateAsync(new SqliteDatabase());

    public override async ValueTask DisposeAsync()
    {
        await (_database?.DisposeAsync() ?? default);
        await base.DisposeAsync();
    }

    protected override ITokenStore Open() => _database!.Open();

    protected override Task AdvanceTimeAsync(TimeSpan time) => Task.Delay(time, TimeProvider.System);
}

public sealed class SharedLoginInSqlite : SharedLoginContract
{
    private SqliteDatabase? _database;

    public override async ValueTask InitializeAsync() => _database = await TestDatabase.CreateAsync(new SqliteDatabase());

    public override async ValueTask DisposeAsync()
    {
        await (_database?.DisposeAsync() ?? default);
        await base.DisposeAsync();
    }

    protected override ITokenStore Open(int process) => _database!.Open();
}

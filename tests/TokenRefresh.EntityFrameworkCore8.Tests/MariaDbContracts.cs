using System;
using System.Threading.Tasks;
using TokenRefresh.TestKit;

namespace TokenRefresh.EntityFrameworkCore8.Tests;

/// <summary>The store contract over a real MariaDB.</summary>
public sealed class MariaDbContract(MariaDbFixture server) : StoreContractTests
{
    private MariaDbDatabase? _database;

    public override async ValueTask InitializeAsync() => _database = await server.CreateAsync();

    public override async ValueTask DisposeAsync()
    {
        await (_database?.DisposeAsync() ?? default);
        await base.DisposeAsync();
    }

    protected override ITokenStore Open() => _database!.Open();

    protected override Task AdvanceTimeAsync(TimeSpan time) => Task.Delay(time, TimeProvider.System);
}

public sealed class SharedLoginInMariaDb(MariaDbFixture server) : SharedLoginContract
{
    private MariaDbDatabase? _database;

    public override async ValueTask InitializeAsync() => _database = await server.CreateAsync();

    public override async ValueTask DisposeAsync()
    {
        await (_database?.DisposeAsync() ?? default);
        await base.DisposeAsync();
    }

    protected override ITokenStore Open(int process) => _database!.Open();
}

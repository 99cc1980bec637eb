using System;
using System.Threading.Tasks;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using TokenRefresh.TestKit;
using Xunit;

[assembly: AssemblyFixture(typeof(TokenRefresh.EntityFrameworkCore.Tests.PostgresFixture))]

namespace TokenRefresh.EntityFrameworkCore.Tests;

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
    private readonly SharedServer<PostgresServer> _server = new();

    /// <summary>A new database. The test is skipped where there is no PostgreSQL, unless servers are required.</summary>
    public async Task<PostgresDatabase> CreateAsync(string settings = "")
    {
        Machine.MustHave(PostgresServer.Missing);
        return await TestDatabase.CreateAsync(new PostgresDatabase(await _server.GetAsync(), settings));
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}

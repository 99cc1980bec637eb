using Microsoft.EntityFrameworkCore;
using Npgsql;
using TokenRefresh.TestKit;

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

/// <summary>A real PostgreSQL.</summary>
public sealed class PostgresFixture() : DatabaseFixture<PostgresServer, PostgresDatabase>(
    PostgresServer.Missing, (server, settings) => new PostgresDatabase(server, settings));

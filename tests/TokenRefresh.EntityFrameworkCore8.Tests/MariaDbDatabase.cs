using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using MySqlConnector;
using TokenRefresh.EntityFrameworkCore.Tests;
using TokenRefresh.TestKit;

[assembly: AssemblyFixture(typeof(TokenRefresh.EntityFrameworkCore8.Tests.MariaDbFixture))]

namespace TokenRefresh.EntityFrameworkCore8.Tests;

/// <summary>A database of the MariaDB server.</summary>
public sealed class MariaDbDatabase(MariaDbServer server, string settings = "") : TestDatabase
{
    /// <summary>The version isn't read from the server, so that an app starts also while it is away.</summary>
    public static ServerVersion Version { get; } = new MariaDbServerVersion(new Version(10, 11));

    private string _name = "app-" + Guid.NewGuid().ToString("N");

    public string Connection => server.Connect(_name) + ";" + settings;

    /// <summary>The same database with other settings of the connection.</summary>
    public MariaDbDatabase With(string others) => new(server, others) { _name = _name };

    public override void Use(DbContextOptionsBuilder options) => UseWith(options, configure: null);

    /// <summary>Sets further options of the provider.</summary>
    public void UseWith(DbContextOptionsBuilder options, Action<MySqlDbContextOptionsBuilder>? configure) =>
        options.UseMySql(Connection, Version, configure);

    /// <summary>Executes a statement on a connection of its own.</summary>
    public async Task ExecuteAsync(string statement)
    {
        await using var connection = new MySqlConnection(server.Connect(_name) + ";Pooling=false;AllowUserVariables=true");
        await connection.OpenAsync();
        await ExecuteAsync(connection, statement);
    }

    public static async Task ExecuteAsync(MySqlConnection connection, string statement)
    {
        await using var command = new MySqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await using var connection = new MySqlConnection(Connection);
        await MySqlConnection.ClearPoolAsync(connection);
    }
}

/// <summary>A real MariaDB.</summary>
public sealed class MariaDbFixture() : DatabaseFixture<MariaDbServer, MariaDbDatabase>(
    MariaDbServer.Missing, (server, settings) => new MariaDbDatabase(server, settings));

using Microsoft.EntityFrameworkCore;
using Npgsql;
using StackExchange.Redis;
using TokenRefresh.ProcessNode;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>Where a shared login lives: a directory, a Redis or a PostgreSQL database of its own, for as long as a test lasts.</summary>
internal sealed class SharedPlace : IAsyncDisposable
{
    private readonly string? _directory;
    private readonly ConnectionMultiplexer? _connection;
    private readonly NpgsqlConnection? _database;

    private SharedPlace(string directory)
    {
        _directory = directory;
        Argument = "store=file:" + directory;
        Store = new FileTokenStore(directory);
    }

    private SharedPlace(RedisServer server, ConnectionMultiplexer connection)
    {
        Redis = server;
        _connection = connection;
        Argument = "store=redis:" + server.Address;
        Store = new RedisTokenStore(connection);
    }

    private SharedPlace(NpgsqlConnection database)
    {
        _database = database;
        Argument = "store=postgres:" + database.ConnectionString;
        Store = SharedDbContext.OpenStore(database.ConnectionString);
    }

    public static TheoryData<string> All => new("file", "redis", "postgres");

    public static TokenSessionKey Key { get; } = new("orders");

    /// <summary>The arguments of a node.</summary>
    public string Argument { get; }

    /// <summary>The store as this process has it.</summary>
    public ITokenStore Store { get; }

    public RedisServer? Redis { get; }

    public static async Task<SharedPlace> CreateAsync(string kind)
    {
        if (kind == "file")
        {
            return new SharedPlace(Directory.CreateTempSubdirectory("tokenrefresh-").FullName);
        }

        if (kind == "postgres")
        {
            Machine.MustHave(PostgresServer.Missing);
            var server = await (await TestContext.Current.GetFixture<SharedServer<PostgresServer>>())!.GetAsync();
            var database = server.Connect("shared-" + Guid.NewGuid().ToString("N"));
            await using var context = new SharedDbContext(new DbContextOptionsBuilder<SharedDbContext>().UseNpgsql(database).Options);
            await context.Database.EnsureCreatedAsync();
            return new SharedPlace(new NpgsqlConnection(database));
        }

        Machine.MustHave(RedisServer.Missing);
        var redis = new RedisServer();
        await redis.StartAsync();
        return new SharedPlace(redis, await ConnectionMultiplexer.ConnectAsync(redis.Address + ",abortConnect=false,allowAdmin=true"));
    }

    /// <summary>Signs in as a process of its own would.</summary>
    public async Task SignInAsync(TokenSet tokens)
    {
        var options = new TokenRefreshOptions { TokenEndpoint = new Uri("https://login.example.com/token"), ClientId = "shop" };
        await using var session = TokenSession.Create(options, new TokenSessionSettings { Store = Store, AllowUnencryptedStore = true, Name = Key.SessionName });
        await session.SignInAsync(tokens);
    }

    public async ValueTask DisposeAsync()
    {
        if (_directory is not null)
        {
            Directory.Delete(_directory, recursive: true);
        }

        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }

        Redis?.Dispose();
        if (_database is not null)
        {
            NpgsqlConnection.ClearPool(_database);
            await _database.DisposeAsync();
        }
    }
}

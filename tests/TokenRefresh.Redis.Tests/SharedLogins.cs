using StackExchange.Redis;
using TokenRefresh.TestKit;

namespace TokenRefresh.Redis.Tests;

public abstract class SharedLoginInRedis(ServerFixture server) : SharedLoginContract
{
    private static int _number;

    private readonly List<ConnectionMultiplexer> _connections = [];
    private readonly RedisTokenStoreOptions _options = new() { KeyPrefix = $"shared-{Interlocked.Increment(ref _number)}:" };

    /// <summary>How records are kept. Other tests of the same server use other keys.</summary>
    protected virtual RedisTokenStoreOptions Options => _options;

    public override async ValueTask InitializeAsync()
    {
        server.Require();
        for (var i = 0; i < 4; i++)
        {
            _connections.Add(await server.ConnectAsync());
        }
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections)
        {
            await connection.DisposeAsync();
        }

        GC.SuppressFinalize(this);
        await base.DisposeAsync();
    }

    protected override ITokenStore Open(int process) => new RedisTokenStore(_connections[process % _connections.Count], Options);
}

public sealed class SharedLoginInGarnet(GarnetFixture server) : SharedLoginInRedis(server);

public sealed class SharedLoginInRedisServer(RedisServerFixture server) : SharedLoginInRedis(server);

using Microsoft.Extensions.DependencyInjection.Extensions;
using StackExchange.Redis;
using TokenRefresh;
using TokenRefresh.Redis;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>
/// Keeps the tokens of a session in Redis. They must be encrypted: add <c>UseDataProtection()</c> or <c>UseProtector</c>.
/// </summary>
public static class TokenRefreshRedisExtensions
{
#pragma warning disable RS0026 // The overloads differ in a required parameter: no call can mean two of them.

    /// <summary>Keeps the session's tokens in Redis, over a connection of its own, which is opened at the first use.</summary>
    /// <param name="builder">The session.</param>
    /// <param name="configuration">
    /// The servers, as StackExchange.Redis writes them: <c>redis.example.com:6380,ssl=true,password=…</c>.
    /// </param>
    /// <param name="configure">Sets how records are kept.</param>
    /// <exception cref="ArgumentException"><paramref name="configuration"/> can't be understood.</exception>
    public static TokenSessionBuilder UseRedis(
        this TokenSessionBuilder builder, string configuration, Action<RedisTokenStoreOptions>? configure = null)
    {
        Require.NotNull(builder, nameof(builder));
        Require.NotEmpty(configuration, nameof(configuration));
        var servers = ConfigurationOptions.Parse(configuration);

        // An app starts also while Redis is away.
        servers.AbortOnConnectFail = false;
        builder.Services.TryAddKeyedSingleton(new Servers(configuration), (_, _) => new RedisConnection(
            async () => await ConnectionMultiplexer.ConnectAsync(servers).ConfigureAwait(false), isOwned: true));
        return builder.Use(provider => provider.GetRequiredKeyedService<RedisConnection>(new Servers(configuration)), configure);
    }

    /// <summary>Keeps the session's tokens in Redis, over a connection that the app owns.</summary>
    /// <param name="builder">The session.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="configure">Sets how records are kept.</param>
    public static TokenSessionBuilder UseRedis(
        this TokenSessionBuilder builder, IConnectionMultiplexer connection, Action<RedisTokenStoreOptions>? configure = null)
    {
        Require.NotNull(connection, nameof(connection));
        Require.NotNull(builder, nameof(builder));
        return builder.Use(_ => new RedisConnection(() => Task.FromResult(connection), isOwned: false), configure);
    }

    /// <summary>Keeps the session's tokens in Redis, over a connection from the app's services.</summary>
    /// <param name="builder">The session.</param>
    /// <param name="connection">Finds the connection: <c>p =&gt; p.GetRequiredService&lt;IConnectionMultiplexer&gt;()</c>.</param>
    /// <param name="configure">Sets how records are kept.</param>
    public static TokenSessionBuilder UseRedis(
        this TokenSessionBuilder builder,
        Func<IServiceProvider, IConnectionMultiplexer> connection,
        Action<RedisTokenStoreOptions>? configure = null)
    {
        Require.NotNull(builder, nameof(builder));
        Require.NotNull(connection, nameof(connection));
        return builder.Use(
            provider =>
            {
                // Asked for now, so that the container closes it after the last refresh, not before.
                var found = TryFind(connection, provider);
                return new RedisConnection(() => Task.FromResult(found ?? connection(provider)), isOwned: false);
            },
            configure);
    }

#pragma warning restore RS0026

    private static IConnectionMultiplexer? TryFind(Func<IServiceProvider, IConnectionMultiplexer> connection, IServiceProvider provider)
    {
        try
        {
            return connection(provider);
        }
        catch (RedisException)
        {
            // Redis is away while the app starts: asked for again at the first use.
            return null;
        }
    }

    private static TokenSessionBuilder Use(
        this TokenSessionBuilder builder, Func<IServiceProvider, RedisConnection> connect, Action<RedisTokenStoreOptions>? configure)
    {
        var options = new RedisTokenStoreOptions();
        configure?.Invoke(options);
        options = options.Validated();
        return builder.UseStore(provider => new RedisTokenStore(connect(provider), options, provider.GetService<TimeProvider>()));
    }

    // A key of the services is printed with them, and the configuration may hold a password.
    private sealed record Servers(string Configuration)
    {
        public override string ToString() => nameof(Servers);
    }
}

using Microsoft.Extensions.DependencyInjection.Extensions;
using StackExchange.Redis;
using TokenRefresh;
using TokenRefresh.Redis;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>
/// Keeps the tokens of a session in Redis. The tokens must be encrypted: add <c>UseDataProtection()</c> or <c>UseProtector</c>.
/// </summary>
public static class TokenRefreshRedisExtensions
{
#pragma warning disable RS0026 // The overloads differ in a required parameter: no call can mean two of them.

    /// <summary>
    /// Keeps the session's tokens in Redis, over a connection that is opened at the first use. Sessions with the same configuration share
    /// it.
    /// </summary>
    /// <param name="builder">The session.</param>
    /// <param name="configuration">
    /// The configuration of StackExchange.Redis, such as <c>redis.example.com:6380,ssl=true,password=…</c>.
    /// </param>
    /// <param name="configure">Sets the options of the store; <see langword="null"/> for the defaults.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="configuration"/> is empty or not valid, or an option is wrong.</exception>
    /// <exception cref="ArgumentNullException">A required argument is <see langword="null"/>.</exception>
    public static TokenSessionBuilder UseRedis(
        this TokenSessionBuilder builder, string configuration, Action<RedisTokenStoreOptions>? configure = null)
    {
        Require.NotNull(builder, nameof(builder));
        Require.NotEmpty(configuration, nameof(configuration));
        var servers = ConfigurationOptions.Parse(configuration);

        // The app starts also while Redis can't be reached.
        servers.AbortOnConnectFail = false;
        builder.Services.TryAddKeyedSingleton(new Servers(configuration), (_, _) => new RedisConnection(
            async () => await ConnectionMultiplexer.ConnectAsync(servers).ConfigureAwait(false), isOwned: true));
        return builder.Use(provider => provider.GetRequiredKeyedService<RedisConnection>(new Servers(configuration)), configure);
    }

    /// <summary>Keeps the session's tokens in Redis, over a connection that the app owns.</summary>
    /// <param name="builder">The session.</param>
    /// <param name="connection">The connection. It isn't closed with the container.</param>
    /// <param name="configure">Sets the options of the store; <see langword="null"/> for the defaults.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentException">An option is wrong; the message names it and says what to do.</exception>
    /// <exception cref="ArgumentNullException">A required argument is <see langword="null"/>.</exception>
    public static TokenSessionBuilder UseRedis(
        this TokenSessionBuilder builder, IConnectionMultiplexer connection, Action<RedisTokenStoreOptions>? configure = null)
    {
        Require.NotNull(connection, nameof(connection));
        Require.NotNull(builder, nameof(builder));
        return builder.Use(_ => new RedisConnection(() => Task.FromResult(connection), isOwned: false), configure);
    }

    /// <summary>Keeps the session's tokens in Redis, over a connection from the app's services.</summary>
    /// <param name="builder">The session.</param>
    /// <param name="connection">
    /// Finds the connection: <c>p =&gt; p.GetRequiredService&lt;IConnectionMultiplexer&gt;()</c>. The session keeps it, so an app that
    /// replaces its connection must not close the old one.
    /// </param>
    /// <param name="configure">Sets the options of the store; <see langword="null"/> for the defaults.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentException">An option is wrong; the message names it and says what to do.</exception>
    /// <exception cref="ArgumentNullException">A required argument is <see langword="null"/>.</exception>
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
                // Resolve it now, so that the container closes it after the last refresh, not before.
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
            return connection(provider) ?? throw new InvalidOperationException(
                "The function that was passed to UseRedis returned null. If the container creates the connection, use GetRequiredService "
                + "in it.");
        }
        catch (RedisException)
        {
            // Redis can't be reached while the app starts: the first use tries again.
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

    // The services' keys can appear in messages, and the configuration can contain a password.
    private sealed record Servers(string Configuration)
    {
        public override string ToString() => nameof(Servers);
    }
}

using System.Globalization;
using System.Text;
using StackExchange.Redis;
using TokenRefresh.Redis;
using TokenRefresh.Storage;

namespace TokenRefresh;

/// <summary>
/// Keeps tokens in Redis 6 or later, for any number of processes and machines that share one login. One process refreshes the login at a
/// time, and Redis notifies the others.
/// </summary>
/// <remarks>
/// Each session has one hash. Each operation is one Lua script on the primary, so it is one round trip. Ages count by the clock of the
/// Redis server. While Redis can't be reached every operation throws, and the session doesn't use the refresh token.
/// </remarks>
public sealed class RedisTokenStore : ITokenStore, ITokenStoreNotifications, IAsyncDisposable, IDisposable
{
    private const string UnreadableRevision = "unreadable";
    private static readonly string Script = Load();

    private readonly RedisTokenStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly RedisConnection _connection;
    private readonly RedisChanges _changes;
    private long _writes;

    /// <summary>Creates the store over a connection that the app owns. The constructor sends nothing.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="options">The options, or <see langword="null"/> for the defaults. They are copied.</param>
    /// <param name="timeProvider">The clock for the waits of this process, or <see langword="null"/> for the system's.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message names it and says what to do.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="connection"/> is <see langword="null"/>.</exception>
    public RedisTokenStore(IConnectionMultiplexer connection, RedisTokenStoreOptions? options = null, TimeProvider? timeProvider = null)
        : this(new RedisConnection(() => Task.FromResult(connection), isOwned: false), options, timeProvider) =>
            Require.NotNull(connection, nameof(connection));

    internal RedisTokenStore(
        RedisConnection connection, RedisTokenStoreOptions? options, TimeProvider? timeProvider, string? channel = null)
    {
        _connection = connection;
        _options = (options ?? new RedisTokenStoreOptions()).Validated();
        _time = timeProvider ?? TimeProvider.System;
        _changes = new RedisChanges(channel ?? _options.KeyPrefix + "changes");
    }

    /// <inheritdoc/>
    public async ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken)
    {
        var (revision, stored) = await RunAsync(key, "", "", "", null, cancellationToken).ConfigureAwait(false);
        return revision == UnreadableRevision
            ? throw new TokenStoreConfigurationException(
                "The record in Redis isn't of this format: it is damaged, or was written by another version or another program. "
                + "It was left unchanged. Use another KeyPrefix, or sign in again to replace it.")
            : stored;
    }

    /// <inheritdoc/>
    public async ValueTask<StoredRecord?> CompareExchangeAsync(
        TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken)
    {
        Require.NotNull(text, nameof(text));
        var mark = _changes.Id + "." + Interlocked.Increment(ref _writes).ToString(CultureInfo.InvariantCulture);
        var keep = keepFor ?? _options.TokenLifetime;
        var (_, stored) = await RunAsync(key, expectedRevision ?? "", mark, text, keep, cancellationToken).ConfigureAwait(false);
        return stored;
    }

    /// <inheritdoc/>
    public async ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var name = StoreKey.For(key);
        var start = _time.GetTimestamp();
        using var watch = _changes.Watch(name, revision);
        while (timeout - _time.GetElapsedTime(start) is var rest && rest > TimeSpan.Zero)
        {
            var pause = rest < _options.PollInterval ? rest : _options.PollInterval;
            if (await watch.IsChangedWithinAsync(pause, _time, cancellationToken).ConfigureAwait(false))
            {
                return;
            }

            var database = await DatabaseAsync(cancellationToken).ConfigureAwait(false);
            var current = await CallAsync(
                () => database.HashGetAsync(KeyOf(key), "revision", CommandFlags.DemandMaster), cancellationToken).ConfigureAwait(false);
            if (current != revision)
            {
                return;
            }
        }
    }

    /// <inheritdoc/>
    public IDisposable Subscribe(TokenSessionKey key, Action<string?> changed)
    {
        Require.NotNull(changed, nameof(changed));
        var subscription = _changes.Subscribe(StoreKey.For(key), changed);
        _ = ListenAsync();
        return subscription;
    }

    /// <summary>
    /// Ends the subscription to changes. The connection stays open. The store can still be used, and polls. The container disposes a store
    /// that <c>UseRedis</c> created.
    /// </summary>
    /// <returns>A completed task.</returns>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return default;
    }

    /// <inheritdoc cref="DisposeAsync"/>
    public void Dispose() => _changes.Dispose();

    /// <summary>The key of a session's record.</summary>
    internal string KeyOf(TokenSessionKey key) => _options.KeyPrefix + StoreKey.For(key);

    private async Task<(string Revision, StoredRecord? Stored)> RunAsync(
        TokenSessionKey key, string expected, string mark, string text, TimeSpan? keepFor, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var name = StoreKey.For(key);
        var database = await DatabaseAsync(cancellationToken).ConfigureAwait(false);
        await _changes.ListenAsync(database, cancellationToken).ConfigureAwait(false);
        var channel = await _changes.ChannelOfAsync(database, cancellationToken).ConfigureAwait(false);
        RedisValue[] values = [channel, name, expected, mark, text, Milliseconds(keepFor)];
        var script = await CallAsync(
            () => database.ScriptEvaluateAsync(Script, [KeyOf(key)], values, CommandFlags.DemandMaster),
            cancellationToken).ConfigureAwait(false);
        var result = (RedisValue[])script!;
        var revision = result[0].ToString();
        var age = TimeSpan.FromMilliseconds(double.Parse(result[2].ToString(), CultureInfo.InvariantCulture));
        return (revision, revision.Length == 0 ? null : new StoredRecord(result[1].ToString(), revision, age));
    }

    private static async Task<T> CallAsync<T>(Func<Task<T>> command, CancellationToken cancellationToken)
    {
        try
        {
            return await command().WaitOrLeaveAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (RedisServerException e) when (e.Kind == RedisErrorKind.NoPermission || e.Message.Contains("can't run this command"))
        {
            throw new TokenStoreConfigurationException(
                "The Redis user lacks a right to the keys or the commands of the token store. Grant the rights that the page "
                + "docs/processes.md of TokenRefresh lists. (NOPERM.)");
        }
        catch (RedisCommandException e) when (e.Message.Contains("database"))
        {
            throw new TokenStoreConfigurationException(
                "The Redis server doesn't have the database of the token store. Set RedisTokenStoreOptions.Database, or defaultDatabase of "
                + "the connection, to a number that the server has. Redis Cluster has 0 only.");
        }
        catch (Exception e) when (IsSwitchedOff(e))
        {
            throw new TokenStoreConfigurationException(
                "The Redis server or the configuration of the connection has switched off a command of the token store: EVAL, EVALSHA, "
                + "SCRIPT or HGET. Switch it on, or use a server that runs Lua scripts.");
        }
    }

    // The server's message for a renamed command, and the client's for one that its command map excludes.
    private static bool IsSwitchedOff(Exception e) =>
        (e is RedisServerException && e.Message.Contains("unknown command"))
        || (e is RedisCommandException && e.Message.Contains("command-map"));

    private async Task ListenAsync()
    {
        try
        {
            await _changes.ListenAsync(
                await DatabaseAsync(CancellationToken.None).ConfigureAwait(false), CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Redis can't be reached: the next operation subscribes.
        }
    }

    private async Task<IDatabase> DatabaseAsync(CancellationToken cancellationToken)
    {
        var connection = await _connection.OpenAsync(cancellationToken).ConfigureAwait(false);
        return connection.GetDatabase(_options.Database);
    }

    // Zero means without limit.
    private static RedisValue Milliseconds(TimeSpan? time) =>
        (time is { } limit ? Math.Max(1, (long)Math.Ceiling(limit.TotalMilliseconds)) : 0).ToString(CultureInfo.InvariantCulture);

    private static string Load()
    {
        using var stream = typeof(RedisTokenStore).Assembly.GetManifestResourceStream("exchange.lua")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}

using System;
using System.Globalization;
using System.Threading;
using System.Threading.Tasks;
using StackExchange.Redis;
using TokenRefresh.Redis;
using TokenRefresh.Storage;

namespace TokenRefresh;

/// <summary>
/// Keeps tokens in Redis (6 or newer), for any number of processes and machines that share one login: only one of them refreshes it at a
/// time, and the others hear of it.
/// </summary>
/// <remarks>
/// One hash per session. Each operation is one Lua script, and so one round trip; leases and ages go by the clock of the Redis server.
/// While Redis can't be reached every operation throws, and the session fails closed: no refresh token is spent.
/// </remarks>
public sealed class RedisTokenStore : ITokenStore
{
    private readonly RedisTokenStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly RedisChanges _changes;
    private readonly RedisConnection _connection;

    /// <summary>Creates the store over a connection that somebody else owns. Nothing is sent yet.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="options">How records are kept, or <see langword="null"/> for the defaults. Copied.</param>
    /// <param name="timeProvider">The clock of this process's own waiting, or <see langword="null"/> for the system's.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message names it and says what to do.</exception>
    public RedisTokenStore(IConnectionMultiplexer connection, RedisTokenStoreOptions? options = null, TimeProvider? timeProvider = null)
        : this(new RedisConnection(() => Task.FromResult(connection), isOwned: false), options, timeProvider) => Require.NotNull(connection, nameof(connection));

    internal RedisTokenStore(RedisConnection connection, RedisTokenStoreOptions? options, TimeProvider? timeProvider, string? channel = null)
    {
        _connection = connection;
        _options = (options ?? new RedisTokenStoreOptions()).Validated();
        _time = timeProvider ?? TimeProvider.System;
        _changes = new RedisChanges(channel ?? _options.KeyPrefix + "changes");
    }

    /// <inheritdoc/>
    public ValueTask<TokenStoreAnswer> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken) =>
        RunAsync(RedisScripts.Read, key, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<TokenStoreAnswer> BeginAsync(TokenSessionKey key, RefreshClaim claim, CancellationToken cancellationToken)
    {
        Require.NotNull(claim, nameof(claim));
        return RunAsync(RedisScripts.Begin, key, cancellationToken, claim.Lineage, claim.Version, claim.Owner, Milliseconds(claim.Lease));
    }

    /// <inheritdoc/>
    public ValueTask<TokenStoreAnswer> CommitAsync(TokenSessionKey key, string lineage, long version, ProtectedTokens tokens, CancellationToken cancellationToken)
    {
        Require.NotEmpty(lineage, nameof(lineage));
        Require.NotNull(tokens, nameof(tokens));
        return RunAsync(RedisScripts.Commit, key, cancellationToken, lineage, version, tokens.Value);
    }

    /// <inheritdoc/>
    public ValueTask<TokenStoreAnswer> FailAsync(TokenSessionKey key, RefreshClaim claim, ClaimFailure failure, CancellationToken cancellationToken)
    {
        Require.NotNull(claim, nameof(claim));
        Require.NotNull(failure, nameof(failure));
        return RunAsync(
            RedisScripts.Fail,
            key,
            cancellationToken,
            claim.Lineage,
            claim.Version,
            claim.Owner,
            failure.Dead?.ToString() ?? "",
            failure.Error ?? "",
            Milliseconds(failure.RetryAfter ?? TimeSpan.Zero),
            failure.InDoubt ? 1 : 0);
    }

    /// <inheritdoc/>
    public ValueTask<TokenStoreAnswer> SignInAsync(TokenSessionKey key, string lineage, long newerThan, ProtectedTokens tokens, CancellationToken cancellationToken)
    {
        Require.NotEmpty(lineage, nameof(lineage));
        Require.NotNull(tokens, nameof(tokens));
        return RunAsync(RedisScripts.SignIn, key, cancellationToken, lineage, newerThan, tokens.Value);
    }

    /// <inheritdoc/>
    public ValueTask<TokenStoreAnswer> SignOutAsync(TokenSessionKey key, long newerThan, CancellationToken cancellationToken) =>
        RunAsync(RedisScripts.SignOut, key, cancellationToken, newerThan);

    /// <inheritdoc/>
    public async ValueTask WaitForChangeAsync(TokenSessionKey key, long version, TimeSpan atMost, CancellationToken cancellationToken)
    {
        var name = RecordName.Of(key);
        var start = _time.GetTimestamp();
        using var watch = _changes.Watch(name, version);
        while (true)
        {
            var rest = atMost - _time.GetElapsedTime(start);
            if (rest <= TimeSpan.Zero || await watch.IsChangedWithinAsync(Shorter(rest, _options.PollInterval), _time, cancellationToken).ConfigureAwait(false))
            {
                return;
            }

            var now = await (await DatabaseAsync(cancellationToken).ConfigureAwait(false))
                .HashGetAsync(_options.KeyPrefix + name, RedisScripts.VersionAndOwner).WaitAsync(cancellationToken).ConfigureAwait(false);
            if (now[0] != version || now[1].IsNullOrEmpty)
            {
                return;
            }
        }
    }

    private async ValueTask<TokenStoreAnswer> RunAsync(string script, TokenSessionKey key, CancellationToken cancellationToken, params RedisValue[] arguments)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var database = await DatabaseAsync(cancellationToken).ConfigureAwait(false);
        await _changes.SubscribeAsync(database.Multiplexer, cancellationToken).ConfigureAwait(false);
        var name = RecordName.Of(key);
        var values = new RedisValue[4 + arguments.Length];
        values[0] = _changes.Channel;
        values[1] = name;
        values[2] = Milliseconds(_options.TombstoneLifetime);
        values[3] = Milliseconds(_options.TokenLifetime ?? TimeSpan.Zero);
        arguments.CopyTo(values, 4);
        try
        {
            var result = await database.ScriptEvaluateAsync(script, [_options.KeyPrefix + name], values).WaitAsync(cancellationToken).ConfigureAwait(false);
            return RedisAnswer.Read((RedisValue[])result!);
        }
        catch (RedisServerException e) when (e.Message.Contains("WRONGTYPE"))
        {
            throw RedisAnswer.Unreadable();
        }
    }

    private async Task<IDatabase> DatabaseAsync(CancellationToken cancellationToken)
    {
        var connection = await _connection.OpenAsync(cancellationToken).ConfigureAwait(false);
        return connection.GetDatabase(_options.Database);
    }

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static RedisValue Milliseconds(TimeSpan time) => ((long)Math.Ceiling(time.TotalMilliseconds)).ToString(CultureInfo.InvariantCulture);
}

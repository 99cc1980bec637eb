using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Npgsql;
using TokenRefresh;

namespace TokenRefresh.Samples.Documentation;

/// <summary>A store over PostgreSQL that notifies, as docs/notifications.md has it.</summary>
public sealed class PostgresTokenStore(EntityFrameworkCoreTokenStore<AppDbContext> store, NpgsqlDataSource database)
    : ITokenStore, ITokenStoreNotifications, IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Action<string?>?> _subscribers = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();
    private Task? _listening;

    public ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken) =>
        store.ReadAsync(key, cancellationToken);

    public async ValueTask<StoredRecord?> CompareExchangeAsync(
        TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken)
    {
        var stored = await store.CompareExchangeAsync(key, text, expectedRevision, keepFor, cancellationToken);
        if (stored?.Text == text)
        {
            _ = NotifyAsync($"{NameOf(key)} {stored.Value.Revision}");
        }

        return stored;
    }

    public ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken) =>
        store.WaitForChangeAsync(key, revision, timeout, cancellationToken);

    public IDisposable Subscribe(TokenSessionKey key, Action<string?> changed)
    {
        lock (_stopping)
        {
            _listening ??= Task.Run(ListenAsync);
        }

        var name = NameOf(key);
        _subscribers.AddOrUpdate(name, changed, (_, others) => others + changed);
        return new Subscription(() =>
        {
            _subscribers.AddOrUpdate(name, _ => null, (_, all) => all - changed);
            _subscribers.TryRemove(new KeyValuePair<string, Action<string?>?>(name, null));
        });
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await (_listening ?? Task.CompletedTask);
        await store.DisposeAsync();
    }

    private async Task NotifyAsync(string payload)
    {
        try
        {
            await using var command = database.CreateCommand("SELECT pg_notify('token_sessions', $1)");
            command.Parameters.AddWithValue(payload);
            await command.ExecuteNonQueryAsync(_stopping.Token);
        }
        catch (Exception)
        {
            // The record is written. The others find it later.
        }
    }

    private async Task ListenAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(_stopping.Token);
                connection.Notification += (_, notification) => Receive(notification.Payload.Split(' '));
                await using var command = new NpgsqlCommand("LISTEN token_sessions", connection);
                await command.ExecuteNonQueryAsync(_stopping.Token);
                while (true)
                {
                    await connection.WaitAsync(_stopping.Token);
                }
            }
            catch (Exception)
            {
                // The connection is broken, or the app ends.
                await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, _stopping.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Receive(string[] payload)
    {
        if (payload is [var name, var revision] && _subscribers.TryGetValue(name, out var changed))
        {
            changed?.Invoke(revision);
        }
    }

    private static string NameOf(TokenSessionKey key) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{key.SessionName.Length}:{key.SessionName}:{key.UserKey}")));

    private sealed class Subscription(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}

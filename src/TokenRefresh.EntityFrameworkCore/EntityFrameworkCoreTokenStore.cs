using System.Transactions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.EntityFrameworkCore;

namespace TokenRefresh;

/// <summary>
/// Keeps tokens in the app's own database, for any number of processes and machines that share one login. One process refreshes the login
/// at a time, and the others poll for its result.
/// </summary>
/// <typeparam name="TContext">
/// A context of the app whose model has <c>modelBuilder.AddTokenSessions()</c>. It must use the same database for all requests and for
/// background work: a context with a database per tenant doesn't fit. Prefer a small context of its own.
/// </typeparam>
/// <remarks>
/// Each session has one row. Each call has a service scope, a context and a connection of its own, and is part of no transaction of the
/// caller. Ages count by the clock of the database. While the database can't be reached every operation throws, and the session doesn't use
/// the refresh token.
/// </remarks>
public sealed class EntityFrameworkCoreTokenStore<TContext> : ITokenStore, IAsyncDisposable, IDisposable
    where TContext : DbContext
{
    // A write is refused only while others write the same row, or remove it.
    private const int MaxAttempts = 20;

    private readonly EntityFrameworkCoreTokenStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly ContextSource<TContext> _contexts;

    /// <summary>Creates the store. The constructor sends nothing to the database.</summary>
    /// <param name="scopes">Creates a service scope for each call. The scope has the context.</param>
    /// <param name="options">The options, or <see langword="null"/> for the defaults. They are copied.</param>
    /// <param name="timeProvider">The clock for the waits of this process, or <see langword="null"/> for the system's.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message names it and says what to do.</exception>
    /// <exception cref="InvalidOperationException">The context isn't registered; the message says what to write.</exception>
    public EntityFrameworkCoreTokenStore(
        IServiceScopeFactory scopes, EntityFrameworkCoreTokenStoreOptions? options = null, TimeProvider? timeProvider = null)
    {
        Require.NotNull(scopes, nameof(scopes));
        _options = (options ?? new EntityFrameworkCoreTokenStoreOptions()).Validated();
        _time = timeProvider ?? TimeProvider.System;
        _contexts = new ContextSource<TContext>(scopes);
    }

    /// <inheritdoc/>
    public async ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken)
    {
        var name = RowKey.For(_options.KeyPrefix, key);
        return await RunAsync(table => table.ReadAsync(name, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<StoredRecord?> CompareExchangeAsync(
        TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken)
    {
        Require.NotNull(text, nameof(text));

        // The revision stays the same if an execution strategy repeats the write: one that took effect at first is recognized by it.
        var write = new SessionWrite(RowKey.For(_options.KeyPrefix, key), text, SessionWrite.NewRevision(), keepFor);
        return await RunAsync(
            table => expectedRevision is null
                ? CreateAsync(table, write, cancellationToken)
                : ReplaceAsync(table, write, expectedRevision, cancellationToken),
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var name = RowKey.For(_options.KeyPrefix, key);
        var start = _time.GetTimestamp();
        while (timeout - _time.GetElapsedTime(start) is var rest && rest > TimeSpan.Zero)
        {
            var pause = rest < _options.PollInterval ? rest : _options.PollInterval;
            await Task.Delay(pause, _time, cancellationToken).ConfigureAwait(false);
            var current = await RunAsync(
                table => table.ReadRevisionAsync(name, cancellationToken), cancellationToken).ConfigureAwait(false);
            if (current != revision)
            {
                return;
            }
        }
    }

    /// <summary>
    /// Removes the rows that no process needs: those of sessions that were signed out or have ended, and other rows whose time is over.
    /// Such rows count as missing already, so the removal only frees space. Call it from a job of the app, once a day for example. It
    /// removes the rows of all apps that share the table.
    /// </summary>
    /// <param name="olderThan">How long a row stays after its time is over. Not negative.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>How many rows were removed.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="olderThan"/> is negative.</exception>
    /// <exception cref="TokenStoreConfigurationException">The model or the database lacks the table.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public Task<int> RemoveEndedAsync(TimeSpan olderThan, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(olderThan, TimeSpan.Zero);
        return RunAsync(table => table.RemoveExpiredAsync(olderThan, cancellationToken), cancellationToken);
    }

    /// <summary>Releases the context that the store keeps. The container calls it after the last refresh is saved.</summary>
    public void Dispose() => _contexts.Dispose();

    /// <inheritdoc cref="Dispose"/>
    /// <returns>A task that completes when the context is released.</returns>
    public ValueTask DisposeAsync() => _contexts.DisposeAsync();

    private static async Task<StoredRecord?> ReplaceAsync(
        SessionTable table, SessionWrite write, string expectedRevision, CancellationToken cancellationToken)
    {
        if (!SessionWrite.IsRevision(expectedRevision))
        {
            return await table.ReadAsync(write.Name, cancellationToken).ConfigureAwait(false);
        }

        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            if (await table.TryReplaceAsync(write, expectedRevision, cancellationToken).ConfigureAwait(false) is RowWrite.Done)
            {
                return write.Stored;
            }

            // The row is unchanged if the database ended the statement because of a conflict with one that changed nothing.
            var current = await table.ReadAsync(write.Name, cancellationToken).ConfigureAwait(false);
            if (current?.Revision != expectedRevision)
            {
                return current;
            }
        }

        throw Unwritten();
    }

    private static async Task<StoredRecord?> CreateAsync(SessionTable table, SessionWrite write, CancellationToken cancellationToken)
    {
        var hadConflict = false;
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            if (await table.ReadAsync(write.Name, cancellationToken).ConfigureAwait(false) is { } stored)
            {
                return stored;
            }

            // A row is inserted as expired: only an update can take its times from the database's clock with every provider.
            var row = await table.EnsureRowAsync(write.Name, cancellationToken).ConfigureAwait(false);
            var update = await table.TryReplaceExpiredAsync(write, cancellationToken).ConfigureAwait(false);
            if (update is RowWrite.Done)
            {
                return write.Stored;
            }

            hadConflict |= row is RowWrite.Conflict || update is RowWrite.Conflict;
        }

        throw hadConflict ? Unwritten() : new TokenStoreConfigurationException(
            $"The database has accepted a new row of a session {MaxAttempts} times, and then had none to update. Exclude the table of the "
            + "sessions from triggers and from policies of row-level security.");
    }

    // Waiting can help, so this is no configuration failure.
    private static InvalidOperationException Unwritten() =>
        new($"The database didn't write a session {MaxAttempts} times in a row, though its row was unchanged: because of conflicts, "
            + "or of a trigger.");

    private async Task<T> RunAsync<T>(Func<SessionTable, Task<T>> operation, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();

        // A caller's transaction could be rolled back, and with it tokens that the server has already replaced.
        using var suppressed = new TransactionScope(TransactionScopeOption.Suppress, TransactionScopeAsyncFlowOption.Enabled);
        var rented = await _contexts.RentAsync(cancellationToken).ConfigureAwait(false);
        await using (rented.ConfigureAwait(false))
        {
            ConfigurationErrors.ThrowIfUnfit(rented.Context);
            try
            {
                return await operation(new SessionTable(rented.Context)).ConfigureAwait(false);
            }
            catch (Exception e) when (ConfigurationErrors.Explain(e, rented.Context) is { } advice)
            {
                throw new TokenStoreConfigurationException(advice);
            }
        }
    }
}

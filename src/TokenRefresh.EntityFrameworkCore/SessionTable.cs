using Microsoft.EntityFrameworkCore;

namespace TokenRefresh.EntityFrameworkCore;

/// <summary>The statements on the table of the sessions. Each is one statement, and so one atomic step.</summary>
/// <remarks>
/// <c>DateTime.UtcNow</c> in a query is never this process's clock: every relational provider translates it to the database's.
/// </remarks>
#pragma warning disable RS0030 // Translated to the database's clock.
internal sealed class SessionTable(DbContext context)
{
    private readonly IQueryable<TokenSessionEntity> _rows =
        MySqlClock.IsOf(context) ? MySqlClock.Apply(RowsOf(context), context) : RowsOf(context);

    /// <summary>Reads the record. An expired one counts as missing.</summary>
    public async Task<StoredRecord?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        var row = await Current(name)
            .Select(row => new { row.Text, row.Revision, row.WrittenAt, Now = DateTime.UtcNow })
            .FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
        if (row is not null && row.WrittenAt.Kind != row.Now.Kind)
        {
            // PostgreSQL converts between times with and without a zone, and says nothing.
            throw ConfigurationErrors.OfTimes(context);
        }

        return row is null ? null : new StoredRecord(row.Text, row.Revision, AgeOf(row.WrittenAt, row.Now));
    }

    public Task<string?> ReadRevisionAsync(string name, CancellationToken cancellationToken) =>
        Current(name).Select(row => (string?)row.Revision).FirstOrDefaultAsync(cancellationToken);

    /// <summary>Writes over the row of this revision.</summary>
    /// <returns>Whether there was one. After a repetition, NoRow can mean that the first attempt has written.</returns>
    public Task<RowWrite> TryReplaceAsync(SessionWrite write, string expectedRevision, CancellationToken cancellationToken) =>
        UpdateAsync(Current(write.Name).Where(row => row.Revision == expectedRevision), write, cancellationToken);

    /// <summary>Writes over an expired row.</summary>
    /// <inheritdoc cref="TryReplaceAsync" path="/returns"/>
    public Task<RowWrite> TryReplaceExpiredAsync(SessionWrite write, CancellationToken cancellationToken) =>
        UpdateAsync(_rows.Where(row => row.Key == write.Name && row.ExpiresAt <= DateTime.UtcNow), write, cancellationToken);

    /// <summary>Inserts an expired row if there is none.</summary>
    /// <returns>Whether the row was there afterwards, or a conflict has ended the statement.</returns>
    public async Task<RowWrite> EnsureRowAsync(string name, CancellationToken cancellationToken)
    {
        if (await HasRowAsync(name, cancellationToken).ConfigureAwait(false))
        {
            return RowWrite.Done;
        }

        try
        {
            await ExpiredRow.InsertAsync(context, name, cancellationToken).ConfigureAwait(false);
            return RowWrite.Done;
        }
        catch (Exception e) when (DatabaseErrors.IsConflict(e))
        {
            return RowWrite.Conflict;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Another process has inserted it in between, or the first attempt of a repetition has. It may be removed again by now.
            if (!DatabaseErrors.IsDuplicate(e) && !await HasRowAsync(name, cancellationToken).ConfigureAwait(false))
            {
                throw;
            }

            return RowWrite.Done;
        }
    }

    public Task<int> RemoveExpiredAsync(TimeSpan olderThan, CancellationToken cancellationToken)
    {
        var seconds = -Seconds.Of(olderThan);
        return _rows.Where(row => row.ExpiresAt <= DateTime.UtcNow.AddSeconds(seconds)).ExecuteDeleteAsync(cancellationToken);
    }

    // Filters that the app sets for all its entities don't apply: a session's row is found by its key alone.
    private static IQueryable<TokenSessionEntity> RowsOf(DbContext context) =>
        context.Set<TokenSessionEntity>().AsNoTracking().IgnoreQueryFilters();

    private static async Task<RowWrite> UpdateAsync(
        IQueryable<TokenSessionEntity> rows, SessionWrite write, CancellationToken cancellationToken)
    {
        try
        {
            return await SendUpdateAsync(rows, write, cancellationToken).ConfigureAwait(false) > 0 ? RowWrite.Done : RowWrite.NoRow;
        }
        catch (Exception e) when (DatabaseErrors.IsConflict(e))
        {
            // Another write of the row was faster. Under READ COMMITTED the database counts no row instead.
            return RowWrite.Conflict;
        }
    }

    private static Task<int> SendUpdateAsync(
        IQueryable<TokenSessionEntity> rows, SessionWrite write, CancellationToken cancellationToken) =>
        write.KeepForSeconds is { } seconds
            ? rows.ExecuteUpdateAsync(
                row => row
                    .SetProperty(to => to.Text, write.Text)
                    .SetProperty(to => to.Revision, write.Revision)
                    .SetProperty(to => to.WrittenAt, to => DateTime.UtcNow)
                    .SetProperty(to => to.ExpiresAt, to => DateTime.UtcNow.AddSeconds(seconds)),
                cancellationToken)
            : rows.ExecuteUpdateAsync(
                row => row
                    .SetProperty(to => to.Text, write.Text)
                    .SetProperty(to => to.Revision, write.Revision)
                    .SetProperty(to => to.WrittenAt, to => DateTime.UtcNow)
                    .SetProperty(to => to.ExpiresAt, to => null),
                cancellationToken);

    private static TimeSpan AgeOf(DateTime writtenAt, DateTime now) => now > writtenAt ? now - writtenAt : TimeSpan.Zero;

    private IQueryable<TokenSessionEntity> Current(string name) =>
        _rows.Where(row => row.Key == name && (row.ExpiresAt == null || row.ExpiresAt > DateTime.UtcNow));

    private Task<bool> HasRowAsync(string name, CancellationToken cancellationToken) =>
        _rows.AnyAsync(row => row.Key == name, cancellationToken);
}
#pragma warning restore RS0030

using Microsoft.EntityFrameworkCore;
using TokenRefresh.TestKit;

namespace TokenRefresh.EntityFrameworkCore.Tests;

/// <summary>A write of the store that waits, because the transaction of another process has written the same row.</summary>
internal static class BlockedWrite
{
    private static readonly TokenSessionKey Key = new("orders");

    /// <summary>The other transaction writes a record: that one is returned.</summary>
    /// <param name="database">A database without a record.</param>
    /// <param name="store">The store.</param>
    /// <param name="isExpired">Whether the record that both replace has expired.</param>
    /// <param name="untilBlockedAsync">Waits until the write of the store is blocked.</param>
    public static async Task CheckReplacedRowAsync(
        TestDatabase database, EntityFrameworkCoreTokenStore<AppDbContext> store, bool isExpired, Func<Task> untilBlockedAsync)
    {
        var first = await store.CompareExchangeAsync(Key, "one", null, isExpired ? TimeSpan.Zero : null, default);
        await using var other = database.CreateContext();
        await using var transaction = await other.Database.BeginTransactionAsync();
        Assert.Equal(1, await other.Set<TokenSessionEntity>().ExecuteUpdateAsync(rows => rows
            .SetProperty(row => row.Text, "other").SetProperty(row => row.Revision, "new").SetProperty(row => row.ExpiresAt, (DateTime?)null)));

        var write = store.CompareExchangeAsync(Key, "two", isExpired ? null : first?.Revision, null, default).AsTask();
        await untilBlockedAsync();
        await transaction.CommitAsync();

        var current = await write.WaitAsync(Gate.FailSafe, TimeProvider.System);
        Assert.Equal(("other", "new"), (current?.Text, current?.Revision));
    }

    /// <summary>The other transaction removes an expired record: the store writes its own one.</summary>
    /// <param name="database">A database without a record.</param>
    /// <param name="store">The store.</param>
    /// <param name="untilBlockedAsync">Waits until the write of the store is blocked.</param>
    public static async Task CheckRemovedRowAsync(
        TestDatabase database, EntityFrameworkCoreTokenStore<AppDbContext> store, Func<Task> untilBlockedAsync)
    {
        await store.CompareExchangeAsync(Key, "one", null, TimeSpan.Zero, default);
        await using var other = database.CreateContext();
        await using var transaction = await other.Database.BeginTransactionAsync();
        Assert.Equal(1, await other.Set<TokenSessionEntity>().ExecuteDeleteAsync());

        var write = store.CompareExchangeAsync(Key, "two", null, null, default).AsTask();
        await untilBlockedAsync();
        await transaction.CommitAsync();

        Assert.Equal("two", (await write.WaitAsync(Gate.FailSafe, TimeProvider.System))?.Text);
        Assert.Equal("two", (await store.ReadAsync(Key, default))?.Text);
    }
}

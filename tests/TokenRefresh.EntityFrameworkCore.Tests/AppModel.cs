using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.EntityFrameworkCore.Tests;

/// <summary>The store over a context that isn't <see cref="AppDbContext"/>, in whichever database.</summary>
internal static class AppModel
{
    public static TokenSessionKey Key { get; } = new("orders", "user@example.com");

    public static string LongText { get; } = new('ü', 5000);

    /// <summary>Checks that a record is written, read, replaced and removed as with any other context.</summary>
    public static async Task CheckAsync<TContext>(TestDatabase database, Action<DbContextOptionsBuilder>? configure = null)
        where TContext : DbContext
    {
        await using var services = await CreateAsync<TContext>(database, configure);
        await using var store = Open<TContext>(services);

        var first = await store.CompareExchangeAsync(Key, "one", null, TimeSpan.FromDays(1), default);
        var second = await store.CompareExchangeAsync(Key, LongText, first?.Revision, TimeSpan.FromDays(1), default);
        var read = await store.ReadAsync(Key, default);
        await store.CompareExchangeAsync(Key, "end", second?.Revision, TimeSpan.Zero, default);

        Assert.Equal((LongText, second?.Revision), (read?.Text, read?.Revision));
        Assert.InRange(read!.Value.Age, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        Assert.Null(await store.ReadAsync(Key, default));
        Assert.Equal(1, await store.RemoveEndedAsync(TimeSpan.Zero));
    }

    public static EntityFrameworkCoreTokenStore<TContext> Open<TContext>(ServiceProvider services)
        where TContext : DbContext => new(services.GetRequiredService<IServiceScopeFactory>());

    /// <summary>Replaces the table of the sessions by those of the context.</summary>
    public static async Task<ServiceProvider> CreateAsync<TContext>(
        TestDatabase database, Action<DbContextOptionsBuilder>? configure = null)
        where TContext : DbContext
    {
        await database.DropSessionsAsync();
        var services = new ServiceCollection().AddDbContext<TContext>(options =>
        {
            database.Use(options);
            configure?.Invoke(options);
        }).BuildServiceProvider();
        await using var scope = services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<TContext>().GetService<IRelationalDatabaseCreator>().CreateTablesAsync();
        return services;
    }
}

using System;
using System.Threading.Tasks;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.EntityFrameworkCore.Tests;
using Xunit;

namespace TokenRefresh.EntityFrameworkCore8.Tests;

/// <summary>The model of an app has conventions that concern all its tables in MariaDB.</summary>
[Trait("Case", "S17")]
public sealed class MariaDbModelTests(MariaDbFixture server)
{
    private static readonly TokenSessionKey Key = new("orders", "user@example.com");
    private static readonly string LongText = new('ü', 5000);

    [Fact]
    public Task Conventions_for_times_change_no_age() => CheckAsync<NumericTimesDbContext>();

    [Fact]
    public Task Conventions_for_texts_cut_no_record() => CheckAsync<ShortTextsDbContext>();

    [Fact]
    public Task A_first_write_runs_no_override_and_fills_columns_of_the_app() => CheckAsync<AuditedDbContext>();

    private async Task CheckAsync<TContext>()
        where TContext : DbContext
    {
        await using var database = await server.CreateAsync();
        await database.ExecuteAsync("DROP TABLE TokenSessions");
        await using var services = new ServiceCollection().AddDbContext<TContext>(database.Use).BuildServiceProvider();
        await using (var scope = services.CreateAsyncScope())
        {
            await scope.ServiceProvider.GetRequiredService<TContext>().GetService<IRelationalDatabaseCreator>().CreateTablesAsync();
        }

        await using var store = new EntityFrameworkCoreTokenStore<TContext>(services.GetRequiredService<IServiceScopeFactory>());
        var first = await store.CompareExchangeAsync(Key, "one", null, TimeSpan.FromDays(1), default);
        var second = await store.CompareExchangeAsync(Key, LongText, first?.Revision, TimeSpan.FromDays(1), default);
        var read = await store.ReadAsync(Key, default);
        await store.CompareExchangeAsync(Key, "end", second?.Revision, TimeSpan.Zero, default);

        Assert.Equal((LongText, second?.Revision), (read?.Text, read?.Revision));
        Assert.InRange(read!.Value.Age, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        Assert.Null(await store.ReadAsync(Key, default));
        Assert.Equal(1, await store.RemoveEndedAsync(TimeSpan.Zero));
    }
}

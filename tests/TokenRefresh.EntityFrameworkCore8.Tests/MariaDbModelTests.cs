using Microsoft.EntityFrameworkCore;
using TokenRefresh.EntityFrameworkCore.Tests;

namespace TokenRefresh.EntityFrameworkCore8.Tests;

/// <summary>The model of an app has conventions that concern all its tables in MariaDB.</summary>
[Trait("Case", "S17")]
public sealed class MariaDbModelTests(MariaDbFixture server)
{
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

        await AppModel.CheckAsync<TContext>(database);
    }
}

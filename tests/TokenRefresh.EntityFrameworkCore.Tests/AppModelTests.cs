using Microsoft.EntityFrameworkCore;

namespace TokenRefresh.EntityFrameworkCore.Tests;

/// <summary>The model of an app has conventions, proxies or overrides that concern all its tables.</summary>
[Trait("Case", "S13")]
public sealed class AppModelTests(PostgresFixture server)
{
    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public Task Conventions_for_times_change_no_age(string provider) => CheckAsync<NumericTimesDbContext>(provider);

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public Task Conventions_for_texts_cut_no_record(string provider) => CheckAsync<ShortTextsDbContext>(provider);

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public Task Conventions_for_column_types_change_neither_ages_nor_sizes(string provider) => CheckAsync<TypedColumnsDbContext>(provider);

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public Task Proxies_for_lazy_loading_are_no_obstacle(string provider) =>
        CheckAsync<ProxiedDbContext>(provider, options => options.UseLazyLoadingProxies());

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public Task Proxies_for_change_tracking_are_no_obstacle(string provider) =>
        CheckAsync<ProxiedDbContext>(provider, options => options.UseChangeTrackingProxies());

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public Task A_first_write_runs_no_override_and_fills_columns_of_the_app(string provider) => CheckAsync<AuditedDbContext>(provider);

    [Fact]
    public async Task Times_without_a_zone_are_reported()
    {
        await using var database = await server.CreateAsync();
        await using var services = await AppModel.CreateAsync<ZonelessDbContext>(database);
        await using var store = AppModel.Open<ZonelessDbContext>(services);

        var failure = await Assert.ThrowsAsync<TokenStoreConfigurationException>(
            () => store.CompareExchangeAsync(AppModel.Key, "one", null, TimeSpan.FromDays(1), default).AsTask());

        Assert.Contains("column type", failure.Message, StringComparison.Ordinal);
        Assert.Contains("WrittenAt and ExpiresAt", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Times_that_are_converted_are_reported()
    {
        await using var database = await TestDatabase.CreateAsync(new SqliteDatabase());
        await using var services = await AppModel.CreateAsync<ConvertedTimesDbContext>(database);
        await using var store = AppModel.Open<ConvertedTimesDbContext>(services);

        var failure = await Assert.ThrowsAsync<TokenStoreConfigurationException>(() => store.ReadAsync(AppModel.Key, default).AsTask());

        Assert.Contains("ConvertedTimesDbContext.OnModelCreating", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("UTC")]
    [InlineData("America/New_York")]
    [InlineData("Asia/Tokyo")]
    public async Task A_table_whose_times_have_no_zone_is_reported_before_an_age_is_wrong(string zone)
    {
        await using var database = await server.CreateAsync($"Options=-c timezone={zone}");
        await using (var context = database.CreateContext())
        {
            await context.Database.ExecuteSqlRawAsync("""
                ALTER TABLE "TokenSessions" ALTER "WrittenAt" TYPE timestamp, ALTER "ExpiresAt" TYPE timestamp
                """);
        }

        var store = database.Open();
        await store.CompareExchangeAsync(AppModel.Key, "one", null, TimeSpan.FromDays(1), default);

        var failure = await Assert.ThrowsAsync<TokenStoreConfigurationException>(() => store.ReadAsync(AppModel.Key, default).AsTask());
        Assert.Contains("WrittenAt and ExpiresAt", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_column_that_is_too_short_for_the_text_is_reported()
    {
        await using var database = await server.CreateAsync();
        await using var services = await AppModel.CreateAsync<ShortColumnDbContext>(database);
        await using var store = AppModel.Open<ShortColumnDbContext>(services);

        var failure = await Assert.ThrowsAsync<TokenStoreConfigurationException>(
            () => store.CompareExchangeAsync(AppModel.Key, AppModel.LongText, null, null, default).AsTask());

        Assert.Contains("too short", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("ü", failure.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task A_model_that_maps_no_single_table_is_reported(string provider)
    {
        Assert.All(
            [
                await RefuseAsync<SplitDbContext>(provider), await RefuseAsync<ViewDbContext>(provider),
                await RefuseAsync<IncompleteDbContext>(provider),
            ],
            message => Assert.Contains("doesn't map all properties of TokenSessionEntity to one table", message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("sqlite", "NOT NULL constraint failed", "CHECK constraint failed", "FOREIGN KEY constraint failed")]
    [InlineData("postgres", "SQL state 23502", "SQL state 23514", "SQL state 23503")]
    public async Task A_column_or_a_constraint_of_the_app_that_refuses_a_row_is_reported(
        string provider, string notNull, string check, string foreignKey)
    {
        Assert.All(
            [
                (await RefuseAsync<GeneratedColumnDbContext>(provider), notNull), (await RefuseAsync<CheckedDbContext>(provider), check),
                (await RefuseAsync<ForeignKeyDbContext>(provider), foreignKey),
            ],
            refused =>
            {
                Assert.Contains("refuses the row of a session", refused.Item1, StringComparison.Ordinal);
                Assert.Contains(refused.Item2, refused.Item1, StringComparison.Ordinal);
            });
    }

    private async Task<string> RefuseAsync<TContext>(string provider)
        where TContext : DbContext => (await Assert.ThrowsAsync<TokenStoreConfigurationException>(() => CheckAsync<TContext>(provider))).Message;

    private async Task CheckAsync<TContext>(string provider, Action<DbContextOptionsBuilder>? configure = null)
        where TContext : DbContext
    {
        await using TestDatabase database =
            provider == "sqlite" ? await TestDatabase.CreateAsync(new SqliteDatabase()) : await server.CreateAsync();

        await AppModel.CheckAsync<TContext>(database, configure);
    }
}

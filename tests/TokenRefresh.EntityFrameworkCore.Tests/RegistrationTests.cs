using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;

namespace TokenRefresh.EntityFrameworkCore.Tests;

/// <summary>An app registers the store in one way or another, or has forgotten something.</summary>
public sealed class RegistrationTests : IAsyncLifetime
{
    private SqliteDatabase _database = null!;

    public async ValueTask InitializeAsync() => _database = await TestDatabase.CreateAsync(new SqliteDatabase());

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Theory]
    [InlineData("context")]
    [InlineData("pool")]
    [InlineData("factory")]
    [InlineData("pooled factory")]
    [Trait("Case", "C22")]
    public async Task A_refresh_under_way_at_shutdown_is_saved_before_the_container_is_gone(string way)
    {
        var saved = new OtherProcess(_database.Open(), new TokenSessionKey(TestApp.Name));
        var app = Create(way);
        await app.SignInAsync();
        var first = await saved.LoadAsync();
        app.Tokens.ExpireAccessTokens();
        var gate = app.Tokens.Hold();
        var request = app.GetAsync();
        await gate.ArrivedAsync(1);

        var closing = app.DisposeAsync().AsTask();
        gate.Open();
        await closing.WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(first.Version + 1, (await saved.LoadAsync()).Version);
        using var response = await request;
        Assert.Equal(System.Net.HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Registering_twice_does_no_harm_and_the_last_options_count()
    {
        await using var app = TestApp.Create(services: services => services
            .AddDbContext<AppDbContext>(_database.Use)
            .AddTokenSession(TestApp.Name)
            .UseEntityFrameworkCore<AppDbContext>(options => options.PollInterval = TimeSpan.FromSeconds(9))
            .UseEntityFrameworkCore<AppDbContext>()
            .AllowUnencryptedStore());
        await app.SignInAsync();

        Assert.Single(app.Services.GetKeyedServices<ITokenStore>(TestApp.Name));
        Assert.Equal(1, await CountRowsAsync());
        var forJobs = app.Services.GetRequiredService<EntityFrameworkCoreTokenStore<AppDbContext>>();
        Assert.Equal(0, await forJobs.RemoveEndedAsync(TimeSpan.Zero));
    }

    [Fact]
    public void A_context_that_isnt_registered_is_reported_with_what_to_write()
    {
        var services = new ServiceCollection();
        services.AddTokenSession("orders", options => options.TokenEndpoint = new Uri("https://login.example.com/token"))
            .UseEntityFrameworkCore<AppDbContext>().AllowUnencryptedStore();
        using var provider = services.BuildServiceProvider();

        var failure = Assert.Throws<InvalidOperationException>(() => provider.GetRequiredService<TokenSessions>()["orders"]);

        Assert.Contains("services.AddDbContext<AppDbContext>(", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_without_the_table_is_reported_with_the_line_to_add()
    {
        await using var app = TestApp.Create(services: services => services
            .AddDbContext<UnmappedDbContext>(_database.Use)
            .AddTokenSession(TestApp.Name).UseEntityFrameworkCore<UnmappedDbContext>().AllowUnencryptedStore());

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(app.SignInAsync);

        Assert.Equal(TokenRefreshFailure.Configuration, failure.Failure);
        Assert.Contains(
            "Add modelBuilder.AddTokenSessions() to UnmappedDbContext.OnModelCreating", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_context_that_all_scopes_share_is_reported()
    {
        await using var app = TestApp.Create(services: services => services
            .AddDbContext<AppDbContext>(_database.Use, ServiceLifetime.Singleton)
            .AddTokenSession(TestApp.Name).UseEntityFrameworkCore<AppDbContext>().AllowUnencryptedStore());
        await using var transaction = await app.Services.GetRequiredService<AppDbContext>().Database.BeginTransactionAsync();

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(app.SignInAsync);
        await transaction.RollbackAsync();

        Assert.Equal(TokenRefreshFailure.Configuration, failure.Failure);
        Assert.Contains("Register it as scoped (the default)", failure.ToString(), StringComparison.Ordinal);
        Assert.Contains("AddDbContextFactory", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_context_that_is_created_within_a_transaction_is_reported()
    {
        await using var services = new ServiceCollection().AddScoped(_ =>
        {
            var context = _database.CreateContext();
            context.Database.BeginTransaction(System.Data.IsolationLevel.ReadUncommitted);
            return context;
        }).BuildServiceProvider();

        await using var store = new EntityFrameworkCoreTokenStore<AppDbContext>(services.GetRequiredService<IServiceScopeFactory>());

        var failure = await Assert.ThrowsAsync<TokenStoreConfigurationException>(
            () => store.ReadAsync(new TokenSessionKey("orders"), default).AsTask());
        Assert.Contains("A new AppDbContext already has a transaction", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apps_with_different_prefixes_share_a_table_but_no_session()
    {
        var key = new TokenSessionKey("orders", "user@example.com");
        string[] prefixes = ["", "shop", "shop2"];
        var stores = prefixes.Select(prefix => _database.Open(new EntityFrameworkCoreTokenStoreOptions { KeyPrefix = prefix })).ToArray();
        foreach (var (store, prefix) in stores.Zip(prefixes))
        {
            Assert.Equal(prefix, (await store.CompareExchangeAsync(key, prefix, null, null, default))?.Text);
        }

        var sameApp = _database.Open(new EntityFrameworkCoreTokenStoreOptions { KeyPrefix = "shop" });
        Assert.Equal("shop", (await sameApp.ReadAsync(key, default))?.Text);
        Assert.Equal("", (await _database.Open().ReadAsync(key, default))?.Text);
        Assert.Equal(3, await CountRowsAsync());
        await using var context = _database.CreateContext();
        Assert.All(context.Set<TokenSessionEntity>().AsEnumerable(), row => Assert.Matches("^[0-9a-f]{40}$", row.Key));
    }

    [Fact]
    public void A_prefix_that_names_nothing_is_refused()
    {
        var session = new ServiceCollection().AddTokenSession("orders");
        string Refuse(string? prefix) => Assert.Throws<ArgumentException>(
            () => session.UseEntityFrameworkCore<AppDbContext>(options => options.KeyPrefix = prefix!)).Message;

        Assert.StartsWith("EntityFrameworkCoreTokenStoreOptions.KeyPrefix is null. Use a text", Refuse(null), StringComparison.Ordinal);
        Assert.StartsWith(
            "EntityFrameworkCoreTokenStoreOptions.KeyPrefix is not valid Unicode.", Refuse("\ud800"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_poll_interval_of_zero_is_refused()
    {
        var session = new ServiceCollection().AddTokenSession("orders");

        var failure = Assert.Throws<ArgumentException>(
            () => session.UseEntityFrameworkCore<AppDbContext>(options => options.PollInterval = TimeSpan.Zero));

        Assert.StartsWith(
            "EntityFrameworkCoreTokenStoreOptions.PollInterval is 00:00:00. Use more than zero.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_filter_for_all_entities_hides_no_session()
    {
        var store = _database.Open();
        await store.CompareExchangeAsync(new TokenSessionKey("orders"), "one", null, null, default);
        await using var filtered = new ServiceCollection().AddDbContext<AppDbContext>(options =>
        {
            _database.Use(options);
            options.ReplaceService<IModelCustomizer, HidingEverything>();
        }).BuildServiceProvider();
        await using var another = new EntityFrameworkCoreTokenStore<AppDbContext>(filtered.GetRequiredService<IServiceScopeFactory>());

        Assert.Equal("one", (await another.ReadAsync(new TokenSessionKey("orders"), default))?.Text);
    }

    [Fact]
    [Trait("Case", "C42")]
    public async Task The_table_shows_neither_the_user_nor_a_token()
    {
        await using var app = TestApp.Create(
            options => options.UserKey = (_, _) => "user@example.com",
            services =>
            {
                services.AddDbContext<AppDbContext>(_database.Use);
                services.AddSingleton<IDataProtectionProvider>(new EphemeralDataProtectionProvider());
                services.AddTokenSession(TestApp.Name).UseEntityFrameworkCore<AppDbContext>()
                    .UseProtector(provider => new DataProtectionTokenProtector(provider.GetRequiredService<IDataProtectionProvider>()));
            });
        await app.Sessions[TestApp.Name, "user@example.com"].SignInAsync(app.Tokens.Issue());

        await using var context = _database.CreateContext();
        var row = await context.Set<TokenSessionEntity>().SingleAsync();

        var text = string.Join(' ', row.Key, row.Text, row.Revision);
        Assert.All(
            ["user@", "example.com", "orders", "access-1", "refresh-1"],
            secret => Assert.DoesNotContain(secret, text, StringComparison.OrdinalIgnoreCase));
        Assert.Matches("^[0-9a-f]{40}$", row.Key);
        Assert.Equal("refresh-1", (await new OtherProcess(
            _database.Open(),
            new TokenSessionKey(TestApp.Name, "user@example.com"),
            new DataProtectionTokenProtector(app.Services.GetRequiredService<IDataProtectionProvider>())).TokensAsync())?.RefreshToken);
    }

    private TestApp Create(string way) => TestApp.Create(services: services =>
    {
        _ = way switch
        {
            "context" => services.AddDbContext<AppDbContext>(_database.Use),
            "pool" => services.AddDbContextPool<AppDbContext>(_database.Use),
            "factory" => services.AddDbContextFactory<AppDbContext>(_database.Use),
            _ => services.AddPooledDbContextFactory<AppDbContext>(_database.Use),
        };
        services.AddTokenSession(TestApp.Name).UseEntityFrameworkCore<AppDbContext>().AllowUnencryptedStore();
    });

    private async Task<int> CountRowsAsync()
    {
        await using var context = _database.CreateContext();
        return await context.Set<TokenSessionEntity>().CountAsync();
    }

    private sealed class HidingEverything(ModelCustomizerDependencies dependencies) : RelationalModelCustomizer(dependencies)
    {
        public override void Customize(ModelBuilder modelBuilder, DbContext context)
        {
            base.Customize(modelBuilder, context);
            modelBuilder.Entity<TokenSessionEntity>().HasQueryFilter(row => false);
        }
    }
}

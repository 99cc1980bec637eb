using System.Data.Common;
using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using TokenRefresh.TestKit;

namespace TokenRefresh.EntityFrameworkCore.Tests;

/// <summary>The container owns services that the context resolves only when it is used.</summary>
public sealed class ShutdownTests(PostgresFixture server)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Case", "S13")]
    public async Task A_call_that_runs_while_the_store_is_disposed_succeeds(bool isAsync)
    {
        await using var database = await TestDatabase.CreateAsync(new SqliteDatabase());
        var gate = new Gate();
        var store = database.Open(configure: options => options.AddInterceptors(new Waiting(gate)));
        var key = new TokenSessionKey("orders");
        var write = store.CompareExchangeAsync(key, "one", null, null, default).AsTask();
        await gate.ArrivedAsync(1);

        if (isAsync)
        {
            await store.DisposeAsync();
        }
        else
        {
            store.Dispose();
        }

        gate.Open();

        Assert.Equal("one", (await write.WaitAsync(Gate.FailSafe, TimeProvider.System))?.Text);
        Assert.Equal("one", (await database.Open().ReadAsync(key, default))?.Text);
    }

    [Fact]
    [Trait("Case", "S13")]
    public async Task A_disposal_releases_the_last_context_also_while_calls_wait_for_it()
    {
        var services = new ServiceCollection().AddDbContext<AppDbContext>(options => options.UseSqlite("Data Source=:memory:")).BuildServiceProvider();
        var source = new ContextSource<AppDbContext>(services.GetRequiredService<IServiceScopeFactory>());
        await services.DisposeAsync();
        var first = await source.RentAsync(default);
        var second = source.RentAsync(default).AsTask();

        source.Dispose();
        await first.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => second);
        Assert.Throws<ObjectDisposedException>(() => first.Context.ChangeTracker.Clear());
    }

    [Theory]
    [InlineData("context")]
    [InlineData("pooled factory")]
    [Trait("Case", "C22")]
    public async Task A_refresh_under_way_at_shutdown_is_saved_through_a_data_source_of_the_container(string way)
    {
        await using var database = await server.CreateAsync();
        var saved = new OtherProcess(database.Open(), new TokenSessionKey(TestApp.Name));
        var app = TestApp.Create(services: services =>
        {
            services.AddSingleton(_ => new NpgsqlDataSourceBuilder(database.Connection).Build());
            _ = way == "context"
                ? services.AddDbContext<AppDbContext>(options => options.UseNpgsql())
                : services.AddPooledDbContextFactory<AppDbContext>(options => options.UseNpgsql());
            services.AddTokenSession(TestApp.Name).UseEntityFrameworkCore<AppDbContext>().AllowUnencryptedStore();
        });
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
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private sealed class Waiting(Gate gate) : DbCommandInterceptor
    {
        public override async ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
            DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
        {
            await gate.PassAsync(cancellationToken);
            return result;
        }
    }
}

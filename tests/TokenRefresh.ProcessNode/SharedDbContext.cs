using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.ProcessNode;

/// <summary>A database that has only the table of the sessions.</summary>
internal sealed class SharedDbContext(DbContextOptions<SharedDbContext> options) : DbContext(options)
{
    /// <summary>Opens the store over a PostgreSQL.</summary>
    public static EntityFrameworkCoreTokenStore<SharedDbContext> OpenStore(string connection) => new(
        new ServiceCollection()
            .AddDbContext<SharedDbContext>(options => options.UseNpgsql(connection))
            .BuildServiceProvider()
            .GetRequiredService<IServiceScopeFactory>());

    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.AddTokenSessions();
}

using Microsoft.EntityFrameworkCore;

namespace TokenRefresh.EntityFrameworkCore.Tests;

/// <summary>A context as an app has it: a table of its own beside that of the sessions.</summary>
public sealed class AppDbContext(DbContextOptions<AppDbContext> options) : DbContext(options)
{
    public DbSet<Order> Orders => Set<Order>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.AddTokenSessions();
}

/// <summary>A row of the app's own.</summary>
public sealed class Order
{
    public int Id { get; set; }
}

/// <summary>A context whose author has forgotten the table.</summary>
public sealed class UnmappedDbContext(DbContextOptions<UnmappedDbContext> options) : DbContext(options)
{
    public DbSet<Order> Orders => Set<Order>();
}

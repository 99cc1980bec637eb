using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace TokenRefresh.EntityFrameworkCore.Tests;

/// <summary>A context whose conventions store all times as numbers.</summary>
public sealed class NumericTimesDbContext(DbContextOptions<NumericTimesDbContext> options) : DbContext(options)
{
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        configurationBuilder.Properties<DateTime>().HaveConversion<DateTimeToBinaryConverter>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.AddTokenSessions();
}

/// <summary>A context whose conventions limit all texts.</summary>
public sealed class ShortTextsDbContext(DbContextOptions<ShortTextsDbContext> options) : DbContext(options)
{
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        configurationBuilder.Properties<string>().HaveMaxLength(256).AreUnicode(false);

    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.AddTokenSessions();
}

/// <summary>A context whose conventions name the column types of all texts and times.</summary>
public sealed class TypedColumnsDbContext(DbContextOptions<TypedColumnsDbContext> options) : DbContext(options)
{
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<string>().HaveColumnType("varchar(40)");
        configurationBuilder.Properties<DateTime>().HaveColumnType("timestamp without time zone");
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.AddTokenSessions();
}

/// <summary>A context that gives the times a type without a zone, after the table is mapped.</summary>
public sealed class ZonelessDbContext(DbContextOptions<ZonelessDbContext> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        modelBuilder.AddTokenSessions().Entity<TokenSessionEntity>(session =>
        {
            session.Property(row => row.WrittenAt).HasColumnType("timestamp without time zone");
            session.Property(row => row.ExpiresAt).HasColumnType("timestamp without time zone");
        });
}

/// <summary>A context that stores the times as numbers, after the table is mapped.</summary>
public sealed class ConvertedTimesDbContext(DbContextOptions<ConvertedTimesDbContext> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        modelBuilder.AddTokenSessions().Entity<TokenSessionEntity>().Property(row => row.WrittenAt).HasConversion<long>();
}

/// <summary>A context that gives the text a short column, after the table is mapped.</summary>
public sealed class ShortColumnDbContext(DbContextOptions<ShortColumnDbContext> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        modelBuilder.AddTokenSessions().Entity<TokenSessionEntity>().Property(row => row.Text).HasMaxLength(100);
}

/// <summary>A context for proxies: all properties of its entities are virtual.</summary>
public sealed class ProxiedDbContext(DbContextOptions<ProxiedDbContext> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.AddTokenSessions();
}

/// <summary>A context that needs a user whenever it saves, adds a column to each table and has another schema of names.</summary>
public sealed class AuditedDbContext(DbContextOptions<AuditedDbContext> options) : DbContext(options)
{
    public override Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default) =>
        throw new InvalidOperationException("There is no user.");

    public override int SaveChanges(bool acceptAllChangesOnSuccess) => throw new InvalidOperationException("There is no user.");

    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        modelBuilder.AddTokenSessions().Entity<TokenSessionEntity>(session =>
        {
            session.ToTable("token \"{0}\" sessions");
            session.Property(row => row.Key).HasColumnName("key {1}");
            session.Property<DateTime>("AuditedAt");
            session.Property<bool>("IsDeleted").HasConversion<string>();
            session.Property<string?>("AuditedBy");
        });
}

/// <summary>A context that keeps the texts in a second table.</summary>
public sealed class SplitDbContext(DbContextOptions<SplitDbContext> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.AddTokenSessions()
        .Entity<TokenSessionEntity>().SplitToTable("SessionTexts", texts => texts.Property(row => row.Text));
}

/// <summary>A context that reads the sessions from a view.</summary>
public sealed class ViewDbContext(DbContextOptions<ViewDbContext> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.AddTokenSessions()
        .Entity<TokenSessionEntity>(session =>
        {
            session.ToTable((string?)null);
            session.ToView("Sessions");
        }).Entity<Order>();
}

/// <summary>A context that ignores a property.</summary>
public sealed class IncompleteDbContext(DbContextOptions<IncompleteDbContext> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        modelBuilder.AddTokenSessions().Entity<TokenSessionEntity>().Ignore(row => row.ExpiresAt);
}

/// <summary>A context with a column that EF Core fills when it saves an entity.</summary>
public sealed class GeneratedColumnDbContext(DbContextOptions<GeneratedColumnDbContext> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        modelBuilder.AddTokenSessions().Entity<TokenSessionEntity>().Property<Guid>("RowId").ValueGeneratedOnAdd();
}

/// <summary>A context with a check that the column's default value fails.</summary>
public sealed class CheckedDbContext(DbContextOptions<CheckedDbContext> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.AddTokenSessions()
        .Entity<TokenSessionEntity>(session =>
        {
            session.Property<int>("TenantId");
            session.ToTable(table => table.HasCheckConstraint("CK_Tenant", "\"TenantId\" > 0"));
        });
}

/// <summary>A context that gives each session a parent.</summary>
public sealed class ForeignKeyDbContext(DbContextOptions<ForeignKeyDbContext> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.AddTokenSessions()
        .Entity<TokenSessionEntity>().HasOne<Parent>().WithMany().HasForeignKey("ParentId").IsRequired();

    /// <summary>What a session belongs to.</summary>
    public sealed class Parent
    {
        public int Id { get; set; }
    }
}

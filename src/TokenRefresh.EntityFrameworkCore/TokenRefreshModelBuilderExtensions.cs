using TokenRefresh;

namespace Microsoft.EntityFrameworkCore;

/// <summary>Maps the table of the sessions in the app's model.</summary>
public static class TokenRefreshModelBuilderExtensions
{
    /// <summary>
    /// Maps <see cref="TokenSessionEntity"/> to the table <c>TokenSessions</c>. Call it in <see cref="DbContext.OnModelCreating"/>, and add
    /// a migration. Another name: <c>modelBuilder.Entity&lt;TokenSessionEntity&gt;().ToTable(…)</c> after this call.
    /// </summary>
    /// <param name="modelBuilder">The model.</param>
    /// <returns>The model, for the next call.</returns>
    public static ModelBuilder AddTokenSessions(this ModelBuilder modelBuilder)
    {
        Require.NotNull(modelBuilder, nameof(modelBuilder));
        return modelBuilder.Entity<TokenSessionEntity>(session =>
        {
            session.ToTable("TokenSessions");
            session.HasKey(row => row.Key);
            session.Property(row => row.Key).HasMaxLength(40).IsUnicode(false).ValueGeneratedNever();
            session.Property(row => row.Text);
            session.Property(row => row.Revision).HasMaxLength(32).IsUnicode(false).IsConcurrencyToken();
            session.Property(row => row.WrittenAt);
            session.Property(row => row.ExpiresAt);
            session.HasIndex(row => row.ExpiresAt);
        });
    }
}

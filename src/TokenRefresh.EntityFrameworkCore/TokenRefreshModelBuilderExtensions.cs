using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using TokenRefresh;

namespace Microsoft.EntityFrameworkCore;

/// <summary>Maps the table of the sessions in the app's model.</summary>
public static class TokenRefreshModelBuilderExtensions
{
    private const int Unlimited = -1;

    /// <summary>
    /// Maps <see cref="TokenSessionEntity"/> to the table <c>TokenSessions</c>. Call it in <see cref="DbContext.OnModelCreating"/>, and add
    /// a migration. Another name: <c>modelBuilder.Entity&lt;TokenSessionEntity&gt;().ToTable(…)</c> after this call.
    /// </summary>
    /// <param name="modelBuilder">The builder of the app's model.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="modelBuilder"/> is <see langword="null"/>.</exception>
    public static ModelBuilder AddTokenSessions(this ModelBuilder modelBuilder)
    {
        Require.NotNull(modelBuilder, nameof(modelBuilder));
        return modelBuilder.Entity<TokenSessionEntity>(session =>
        {
            session.ToTable("TokenSessions");
            session.HasKey(row => row.Key);
            WithoutConventions(session.Property(row => row.Key)).HasMaxLength(40).IsUnicode(false).ValueGeneratedNever();
            WithoutConventions(session.Property(row => row.Text)).HasMaxLength(Unlimited).IsUnicode();
            WithoutConventions(session.Property(row => row.Revision)).HasMaxLength(32).IsUnicode(false).IsConcurrencyToken();
            WithoutConventions(session.Property(row => row.WrittenAt));
            WithoutConventions(session.Property(row => row.ExpiresAt));
            session.HasIndex(row => row.ExpiresAt);
        });
    }

    // An app's conventions for all its times and texts would break the ages and the sizes.
    private static PropertyBuilder<T> WithoutConventions<T>(PropertyBuilder<T> property) =>
        property.HasConversion((ValueConverter?)null).HasColumnType(null);
}

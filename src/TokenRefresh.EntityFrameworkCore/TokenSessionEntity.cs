namespace TokenRefresh;

/// <summary>
/// The row of a session in the app's database, as <c>modelBuilder.AddTokenSessions()</c> maps it. The class is public for the app's model
/// and migrations; only the store writes rows. It isn't sealed and its members are virtual, so that EF Core can create proxies.
/// </summary>
public class TokenSessionEntity
{
    /// <summary>The primary key, which identifies the session.</summary>
    /// <value>A hash. It shows no name and no user.</value>
    public virtual required string Key { get; init; }

    /// <summary>The record. Its tokens are encrypted by the session's protector.</summary>
    /// <value>Up to 1 MiB of UTF-8.</value>
    public virtual required string Text { get; init; }

    /// <summary>The mark of the last write. Each write sets a new one.</summary>
    /// <value>32 hexadecimal digits.</value>
    public virtual required string Revision { get; init; }

    /// <summary>When the row was last written.</summary>
    /// <value>UTC, by the database's clock.</value>
    public virtual required DateTime WrittenAt { get; init; }

    /// <summary>When the row can be removed. After this time the row counts as missing.</summary>
    /// <value>UTC, by the database's clock; <see langword="null"/> while there is no limit.</value>
    public virtual required DateTime? ExpiresAt { get; init; }
}

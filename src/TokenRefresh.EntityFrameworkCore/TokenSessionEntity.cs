namespace TokenRefresh;

/// <summary>
/// The row of a session in the app's database, as <c>modelBuilder.AddTokenSessions()</c> maps it. It is public for the app's model and
/// migrations: only the store writes it. It is open for the proxies of EF Core.
/// </summary>
public class TokenSessionEntity
{
    /// <summary>Names the session. The primary key.</summary>
    /// <value>A hash: the row shows no name and no user.</value>
    public virtual required string Key { get; init; }

    /// <summary>The record, with the tokens as the session's protector encrypts them.</summary>
    /// <value>Up to 1 MiB.</value>
    public virtual required string Text { get; init; }

    /// <summary>Marks the last write. Each write has another one.</summary>
    /// <value>32 hexadecimal digits.</value>
    public virtual required string Revision { get; init; }

    /// <summary>When the row was last written.</summary>
    /// <value>UTC, by the database's clock.</value>
    public virtual required DateTime WrittenAt { get; init; }

    /// <summary>When the row can be removed. A row past this time counts as missing.</summary>
    /// <value>UTC, by the database's clock; <see langword="null"/> while there is no limit.</value>
    public virtual required DateTime? ExpiresAt { get; init; }
}

using TokenRefresh.EntityFrameworkCore;

namespace TokenRefresh;

/// <summary>How a database is used as a store.</summary>
public sealed class EntityFrameworkCoreTokenStoreOptions
{
    /// <summary>How often a process that waits for another's refresh reads the row. A database notifies no process.</summary>
    /// <value>More than zero. The default is 250 milliseconds.</value>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Separates apps that share a table. The name of a session and the key of a user are the same in all of them: apps need different
    /// prefixes or different names of sessions, and the processes of one app need the same prefix.
    /// </summary>
    /// <value>A text, of which the table holds only a hash. Valid Unicode. The default is empty.</value>
    public string KeyPrefix { get; set; } = "";

    internal EntityFrameworkCoreTokenStoreOptions Validated()
    {
        Require(PollInterval > TimeSpan.Zero, nameof(PollInterval), PollInterval, "Use more than zero.");
        Require(KeyPrefix is not null, nameof(KeyPrefix), "null", "Use a text, which may be empty.");
        Require(RowKey.IsUnicode(KeyPrefix!), nameof(KeyPrefix), "not valid Unicode", "Use another text.");
        return (EntityFrameworkCoreTokenStoreOptions)MemberwiseClone();
    }

    private static void Require(bool isRight, string name, object? value, string advice)
    {
        if (!isRight)
        {
            throw new ArgumentException($"EntityFrameworkCoreTokenStoreOptions.{name} is {value}. {advice}", name);
        }
    }
}

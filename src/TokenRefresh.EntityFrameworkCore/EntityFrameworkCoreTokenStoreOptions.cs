using TokenRefresh.EntityFrameworkCore;

namespace TokenRefresh;

/// <summary>The options of an <see cref="EntityFrameworkCoreTokenStore{TContext}"/>.</summary>
public sealed class EntityFrameworkCoreTokenStoreOptions
{
    /// <summary>How often a process that waits for another's refresh reads the row. A database notifies no process.</summary>
    /// <value>More than zero. The default is 250 milliseconds.</value>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Separates apps that share a table. Two apps may have the same session name and user key. So each app needs another prefix or other
    /// session names. All processes of one app need the same prefix.
    /// </summary>
    /// <value>Valid Unicode text, not <see langword="null"/>. The table has only its hash. The default is empty.</value>
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

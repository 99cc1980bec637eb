using System;

namespace TokenRefresh;

/// <summary>How a database is used as a store.</summary>
public sealed class EntityFrameworkCoreTokenStoreOptions
{
    /// <summary>How often a process that waits for another's refresh reads the row. A database notifies no process.</summary>
    /// <value>More than zero. The default is 250 milliseconds.</value>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    internal EntityFrameworkCoreTokenStoreOptions Validated()
    {
        Require(PollInterval > TimeSpan.Zero, nameof(PollInterval), PollInterval, "Use more than zero.");
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

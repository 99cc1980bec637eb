namespace TokenRefresh;

/// <summary>
/// The options of a <see cref="RedisTokenStore"/>. All processes that share a login need the same <see cref="KeyPrefix"/> and
/// <see cref="Database"/>.
/// </summary>
public sealed class RedisTokenStoreOptions
{
    /// <summary>The text before every key and before the channel's name.</summary>
    /// <value>Not <see langword="null"/>. The default is <c>tokenrefresh:</c>. A hash follows it, which shows no name and no user.</value>
    public string KeyPrefix { get; set; } = "tokenrefresh:";

    /// <summary>The number of the database.</summary>
    /// <value>The default is -1: the default database of the connection.</value>
    public int Database { get; set; } = -1;

    /// <summary>
    /// How long a login is kept after its record was last written, if the server doesn't say when its refresh token expires.
    /// </summary>
    /// <value>
    /// More than zero. The default is <see langword="null"/>: until the login is signed out or ends. Set it to the lifetime of your refresh
    /// tokens.
    /// </value>
    public TimeSpan? TokenLifetime { get; set; }

    /// <summary>How often a process that waits for another's refresh reads the record, in case a notification was lost.</summary>
    /// <value>More than zero. The default is 1 second.</value>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(1);

    internal RedisTokenStoreOptions Validated()
    {
        Require(KeyPrefix is not null, nameof(KeyPrefix), "null", "Use a text, which may be empty.");
        Require(
            TokenLifetime is null || TokenLifetime > TimeSpan.Zero, nameof(TokenLifetime), TokenLifetime, "Use more than zero, or null.");
        Require(PollInterval > TimeSpan.Zero, nameof(PollInterval), PollInterval, "Use more than zero.");
        return (RedisTokenStoreOptions)MemberwiseClone();
    }

    private static void Require(bool isRight, string name, object? value, string advice)
    {
        if (!isRight)
        {
            throw new ArgumentException($"RedisTokenStoreOptions.{name} is {value}. {advice}", name);
        }
    }
}

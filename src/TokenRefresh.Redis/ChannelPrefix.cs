using StackExchange.Redis;

namespace TokenRefresh.Redis;

/// <summary>The prefix that a connection adds to the names of its channels.</summary>
/// <remarks>
/// The configuration isn't parsed: a password or a client name may hold a comma, and then the text of an option. The server receives the
/// name as the connection writes it, and returns it.
/// </remarks>
internal static class ChannelPrefix
{
    private const string Option = "channelPrefix=";

    /// <summary>Gives the channel's name at the server. It costs a round trip only if the connection may have a prefix.</summary>
    /// <returns>The name, or <see langword="null"/> if the server doesn't say it.</returns>
    public static async Task<string?> AddAsync(IDatabase database, string name, CancellationToken cancellationToken)
    {
        if (database.Multiplexer.Configuration?.Contains(Option) != true)
        {
            return name;
        }

        try
        {
            var echo = database.ExecuteAsync("ECHO", RedisChannel.Literal(name));
            return (string?)await echo.WaitOrLeaveAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is RedisServerException or RedisCommandException)
        {
            // The server is busy, or it or a proxy has no ECHO for this user.
            return null;
        }
    }
}

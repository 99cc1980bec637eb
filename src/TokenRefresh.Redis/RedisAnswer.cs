using System;
using System.Globalization;
using StackExchange.Redis;

namespace TokenRefresh.Redis;

/// <summary>Reads what a script says: verdict, lineage, version, age, delay, in doubt, tokens, end, error code.</summary>
internal static class RedisAnswer
{
    public static TokenStoreAnswer Read(RedisValue[] said)
    {
        if (said.Length != 9 || !Enum.TryParse<TokenStoreVerdict>(said[0], out var verdict))
        {
            throw Unreadable();
        }

        return new TokenStoreAnswer(verdict)
        {
            Lineage = said[1].ToString(),
            Version = long.Parse(said[2].ToString(), CultureInfo.InvariantCulture),
            Age = Milliseconds(said[3]),
            Delay = Milliseconds(said[4]),
            InDoubt = said[5] == "1",
            Tokens = said[6].IsNullOrEmpty ? null : new ProtectedTokens(said[6].ToString()),
            Reason = verdict == TokenStoreVerdict.Dead && Enum.TryParse<ReLoginReason>(said[7], out var reason) ? reason : default,
            Error = said[8].IsNullOrEmpty ? null : said[8].ToString(),
        };
    }

    public static UnreadableTokensException Unreadable() => new(
        "The record in Redis isn't one of this format: it is damaged, or was written by another version or another program. It was left as it "
        + "is. Use another KeyPrefix, or remove it and sign in again.");

    private static TimeSpan Milliseconds(RedisValue value) => TimeSpan.FromMilliseconds(double.Parse(value.ToString(), CultureInfo.InvariantCulture));
}

using System.Data.Common;

namespace TokenRefresh.Storage;

/// <summary>The exception of a failed store operation. Only a <see cref="LoginStore"/> throws it.</summary>
internal sealed class StoreException(Exception cause) : Exception("The token store failed.", cause)
{
    public Exception Cause => InnerException!;

    /// <summary>Names a cause by its type, and by the code that a database or Redis gives it. Its message could hold a secret.</summary>
    public static string Describe(Exception cause) => cause.FindInner<DbException>() is { } error
        ? error.GetType().Name + SqlStateOf(error)
        : cause.GetType().Name + RedisCodeOf(cause);

#if NET8_0_OR_GREATER
    private static string SqlStateOf(DbException error) => error.SqlState is { } state ? $", SQL state {state}" : "";
#else
    private static string SqlStateOf(DbException _) => "";
#endif

    // By name: this package doesn't know Redis. An answer of Redis begins with its code: OOM, READONLY, NOPERM.
    private static string RedisCodeOf(Exception error) =>
        error.GetType().FullName == "StackExchange.Redis.RedisServerException"
        && error.Message.Split(' ')[0] is { Length: > 1 } code && code.All(letter => letter is >= 'A' and <= 'Z')
            ? $", {code}"
            : "";
}

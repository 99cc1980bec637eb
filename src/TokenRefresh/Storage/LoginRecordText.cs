using System.Text.Encodings.Web;
using System.Text.Json;

namespace TokenRefresh.Storage;

/// <summary>
/// The text of a record: JSON with plain header fields; only the tokens in it are protected. Durations are in milliseconds.
/// </summary>
internal static class LoginRecordText
{
    private const long FormatVersion = 2;

    // It is far above any time of day in milliseconds, and far below the number whose successor overflows.
    private const long MaxNumber = 1L << 52;

    // The text isn't part of a web page, so quotes in the tokens' own JSON need no long escapes.
    public static string Write(LoginRecord record) => JsonObjectText.Write(
        JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        ("tokenrefresh", FormatVersion),
        ("state", record.State.ToString()),
        ("login", record.LoginId),
        ("version", record.Version),
        ("hash", record.TokenHash),
        ("tokens", record.Tokens),
        ("age", record.State == LoginState.SignedIn ? MillisecondsIfAny(record.TokensAge) : null),
        ("reason", record.State == LoginState.Ended ? record.Reason.ToString() : null),
        ("error", record.Error),
        ("mark", record.Mark),
        ("retry", MillisecondsIfAny(record.RetryPause)),
        ("possiblyUsed", record.PossiblyUsed),
        ("holder", record.Lease?.HolderId),
        ("lease", Milliseconds(record.Lease?.Duration)),
        ("keep", Milliseconds(record.KeepFor)));

    /// <exception cref="TokenStoreConfigurationException">The text isn't a record of this format.</exception>
    public static LoginRecord Read(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            return Read(json.RootElement);
        }
        catch (Exception e) when (
            e is JsonException or FormatException or InvalidOperationException or ArgumentException or KeyNotFoundException)
        {
            throw TokenStoreConfigurationException.Because(e.GetType().Name);
        }
    }

    /// <returns><see langword="null"/> if the text isn't a record of this format.</returns>
    public static LoginRecord? TryRead(string text)
    {
        try
        {
            return Read(text);
        }
        catch (TokenStoreConfigurationException)
        {
            return null;
        }
    }

    private static LoginRecord Read(JsonElement root)
    {
        if (root.GetProperty("tokenrefresh").GetInt64() != FormatVersion)
        {
            throw new FormatException("The format version is unknown.");
        }

        var record = new LoginRecord
        {
            State = ReadState(root),
            LoginId = root.GetProperty("login").GetString() ?? "",
            Version = WithinLimits(root.GetProperty("version").GetInt64()),
            TokenHash = root.ReadText("hash"),
            Tokens = root.ReadText("tokens"),
            TokensAge = ReadDuration(root, "age") ?? TimeSpan.Zero,
            Reason = ReadReason(root.ReadText("reason")),
            Error = root.ReadText("error"),
            Mark = root.ReadText("mark"),
            Lease = root.ReadText("holder") is { } holder ? new RefreshLease(holder, ReadDuration(root, "lease") ?? TimeSpan.Zero) : null,
            RetryPause = ReadDuration(root, "retry") ?? TimeSpan.Zero,
            PossiblyUsed = root.TryGetProperty("possiblyUsed", out var isUsed) && isUsed.GetBoolean(),
            KeepFor = ReadDuration(root, "keep"),
        };
        return record.State == LoginState.SignedIn && string.IsNullOrEmpty(record.Tokens)
            ? throw new FormatException("There are no tokens and no end.")
            : record;
    }

    private static LoginState ReadState(JsonElement root) => root.GetProperty("state").GetString() switch
    {
        nameof(LoginState.None) => LoginState.None,
        nameof(LoginState.SignedIn) => LoginState.SignedIn,
        nameof(LoginState.Ended) => LoginState.Ended,
        nameof(LoginState.SignedOut) => LoginState.SignedOut,
        _ => throw new FormatException("The state is unknown."),
    };

    // A later version may know others.
    private static ReLoginReason ReadReason(string? text) =>
        text is { Length: > 0 } && char.IsLetter(text[0]) && Enum.TryParse<ReLoginReason>(text, out var reason)
            ? reason
            : ReLoginReason.Rejected;

    private static long? MillisecondsIfAny(TimeSpan value) => value > TimeSpan.Zero ? Milliseconds(value) : null;

    // Rounded up: a pause or a lease must not end early.
    private static long? Milliseconds(TimeSpan? value) => value is not { Ticks: var ticks } ? null : Math.Min(
        MaxNumber / TimeSpan.TicksPerMillisecond,
        (ticks / TimeSpan.TicksPerMillisecond) + (ticks % TimeSpan.TicksPerMillisecond > 0 ? 1 : 0));

    private static TimeSpan? ReadDuration(JsonElement root, string name) => root.ReadNumber(name) is { } milliseconds
        ? new TimeSpan(Math.Min(WithinLimits(milliseconds), MaxNumber / TimeSpan.TicksPerMillisecond) * TimeSpan.TicksPerMillisecond)
        : null;

    private static long WithinLimits(long number) =>
        number is >= 0 and <= MaxNumber ? number : throw new FormatException("A number is out of range.");
}

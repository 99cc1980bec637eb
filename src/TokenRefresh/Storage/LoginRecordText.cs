using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace TokenRefresh.Storage;

/// <summary>
/// The text of a record: JSON with plain header fields; only the tokens in it are protected. Durations are in milliseconds.
/// </summary>
internal static class LoginRecordText
{
    private const int FormatVersion = 2;

    // It is far above any time of day in milliseconds, and far below the number whose successor overflows.
    private const long MaxNumber = 1L << 52;

    // The text isn't part of a web page, so quotes in the tokens' own JSON need no long escapes.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(LoginRecord record)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteNumber("tokenrefresh", FormatVersion);
            json.WriteString("state", record.State.ToString());
            json.WriteString("login", record.LoginId);
            json.WriteNumber("version", record.Version);
            WriteIfAny(json, "hash", record.TokenHash);
            WriteState(json, record);
            WriteIfAny(json, "retry", record.RetryPause);
            if (record.PossiblyUsed)
            {
                json.WriteBoolean("possiblyUsed", true);
            }

            if (record.Lease is { } lease)
            {
                json.WriteString("holder", lease.HolderId);
                json.WriteNumber("lease", Milliseconds(lease.Duration));
            }

            if (record.KeepFor is { } keepFor)
            {
                json.WriteNumber("keep", Milliseconds(keepFor));
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

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
        if (root.GetProperty("tokenrefresh").GetInt32() != FormatVersion)
        {
            throw new FormatException("The format version is unknown.");
        }

        var record = new LoginRecord
        {
            State = ReadState(root),
            LoginId = root.GetProperty("login").GetString() ?? "",
            Version = Number(root.GetProperty("version")),
            TokenHash = Text(root, "hash"),
            Tokens = Text(root, "tokens"),
            TokensAge = Duration(root, "age") ?? TimeSpan.Zero,
            Reason = ReadReason(Text(root, "reason")),
            Error = Text(root, "error"),
            Mark = Text(root, "mark"),
            Lease = Text(root, "holder") is { } holder ? new RefreshLease(holder, Duration(root, "lease") ?? TimeSpan.Zero) : null,
            RetryPause = Duration(root, "retry") ?? TimeSpan.Zero,
            PossiblyUsed = root.TryGetProperty("possiblyUsed", out var isUsed) && isUsed.GetBoolean(),
            KeepFor = Duration(root, "keep"),
        };
        return record.State == LoginState.SignedIn && string.IsNullOrEmpty(record.Tokens)
            ? throw new FormatException("There are no tokens and no end.")
            : record;
    }

    private static void WriteState(Utf8JsonWriter json, LoginRecord record)
    {
        switch (record.State)
        {
            case LoginState.SignedIn:
                json.WriteString("tokens", record.Tokens);
                WriteIfAny(json, "age", record.TokensAge);
                break;

            case LoginState.Ended:
                json.WriteString("reason", record.Reason.ToString());
                WriteIfAny(json, "error", record.Error);
                break;

            case LoginState.SignedOut:
                WriteIfAny(json, "mark", record.Mark);
                break;
        }
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

    private static void WriteIfAny(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    private static void WriteIfAny(Utf8JsonWriter json, string name, TimeSpan value)
    {
        if (value > TimeSpan.Zero)
        {
            json.WriteNumber(name, Milliseconds(value));
        }
    }

    // Rounded up: a pause or a lease must not end early.
    private static long Milliseconds(TimeSpan value) => Math.Min(
        MaxNumber / TimeSpan.TicksPerMillisecond,
        (value.Ticks / TimeSpan.TicksPerMillisecond) + (value.Ticks % TimeSpan.TicksPerMillisecond > 0 ? 1 : 0));

    private static string? Text(JsonElement root, string name) => root.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static TimeSpan? Duration(JsonElement root, string name) => root.TryGetProperty(name, out var value)
        ? new TimeSpan(Math.Min(Number(value), MaxNumber / TimeSpan.TicksPerMillisecond) * TimeSpan.TicksPerMillisecond)
        : null;

    private static long Number(JsonElement value) =>
        value.TryGetInt64(out var number) && number is >= 0 and <= MaxNumber
            ? number
            : throw new FormatException("A number is out of range.");
}

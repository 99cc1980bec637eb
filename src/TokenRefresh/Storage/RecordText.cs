using System;
using System.IO;
using System.Text;
using System.Text.Json;

namespace TokenRefresh.Storage;

/// <summary>A record as text, for stores that keep texts. The tokens in it are the opaque text of <see cref="ProtectedTokens.Value"/>.</summary>
internal static class RecordText
{
    private const int FormatVersion = 1;

    public static string Write(TokenRecord record)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("tokenrefresh", FormatVersion);
            json.WriteString("lineage", record.Lineage);
            json.WriteNumber("version", record.Version);
            json.WriteString("saved", record.SavedAt);
            if (record.Tokens is { } tokens)
            {
                json.WriteString("tokens", tokens.Value);
            }

            if (record.End is { } end)
            {
                json.WriteStartObject("end");
                json.WriteBoolean("signedOut", end.SignedOut);
                json.WriteString("reason", end.Reason.ToString());
                json.WriteString("error", end.Error);
                json.WriteEndObject();
            }

            if (record.LastAttempt is { } attempt)
            {
                json.WriteStartObject("attempt");
                json.WriteString("owner", attempt.Owner);
                json.WriteString("leaseEnds", attempt.LeaseEnds);
                json.WriteString("retryAt", attempt.RetryAt);
                json.WriteBoolean("inDoubt", attempt.InDoubt);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    /// <exception cref="UnreadableTokensException">The text isn't a record.</exception>
    public static TokenRecord Read(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            var root = json.RootElement;
            if (root.GetProperty("tokenrefresh").GetInt32() != FormatVersion)
            {
                throw new FormatException("The format version is unknown.");
            }

            return new TokenRecord
            {
                Lineage = root.GetProperty("lineage").GetString() ?? "",
                Version = root.GetProperty("version").GetInt64(),
                SavedAt = root.GetProperty("saved").GetDateTimeOffset(),
                Tokens = root.TryGetProperty("tokens", out var tokens) ? new ProtectedTokens(tokens.GetString()!) : null,
                End = root.TryGetProperty("end", out var end) ? ReadEnding(end) : null,
                LastAttempt = root.TryGetProperty("attempt", out var attempt) ? ReadAttempt(attempt) : null,
            };
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or ArgumentException or System.Collections.Generic.KeyNotFoundException)
        {
            throw UnreadableTokensException.Because(e.GetType().Name);
        }
    }

    private static TokenRecord.Ending ReadEnding(JsonElement end) => new(
        end.GetProperty("signedOut").GetBoolean(),
        Enum.TryParse<ReLoginReason>(end.GetProperty("reason").GetString(), out var reason) ? reason : ReLoginReason.Rejected,
        end.GetProperty("error").GetString());

    private static TokenRecord.Attempt ReadAttempt(JsonElement attempt) => new(
        attempt.GetProperty("owner").GetString(),
        attempt.GetProperty("leaseEnds").GetDateTimeOffset(),
        attempt.GetProperty("retryAt").GetDateTimeOffset(),
        attempt.GetProperty("inDoubt").GetBoolean());
}

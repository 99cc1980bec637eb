using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text.Json;

namespace TokenRefresh.Protocol;

/// <summary>The fields of a token endpoint's answer that mean something: read from hostile text without ever throwing.</summary>
internal sealed class TokenFields
{
    // Longer than any token lives: beyond it, nothing is known.
    private static readonly TimeSpan LongestLifetime = TimeSpan.FromDays(365 * 100);

    private static readonly string[] Known =
        ["access_token", "refresh_token", "token_type", "expires_in", "scope", "error", "access", "refresh", "code", "detail"];

    private readonly Dictionary<string, string?> _values = new(StringComparer.Ordinal);

    private TokenFields()
    {
    }

    /// <summary>A text field; <see langword="null"/> where it is missing, empty or of another type.</summary>
    public string? this[string name] => _values.TryGetValue(name, out var value) && value is { Length: > 0 } ? value : null;

    /// <summary>Whether the field is there, of whatever type.</summary>
    public bool Has(string name) => _values.ContainsKey(name);

    /// <summary><c>expires_in</c> (RFC 6749, section 5.1), a number or a text of one; <see langword="null"/> where it makes no sense.</summary>
    public TimeSpan? ExpiresIn =>
        double.TryParse(this["expires_in"], NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds)
        && seconds > 0 && seconds < LongestLifetime.TotalSeconds
            ? TimeSpan.FromSeconds(seconds)
            : null;

    /// <summary>Reads a body.</summary>
    /// <param name="utf8">The body.</param>
    /// <param name="isTruncated">Whether it is the beginning of a JSON text whose end is missing.</param>
    /// <returns><see langword="null"/>: it is no JSON object, or one that says the same thing twice.</returns>
    public static TokenFields? Read(ReadOnlySpan<byte> utf8, out bool isTruncated)
    {
        isTruncated = false;
        if (utf8.Length >= 3 && utf8[0] == 0xEF && utf8[1] == 0xBB && utf8[2] == 0xBF)
        {
            utf8 = utf8.Slice(3);
        }

        try
        {
            // Not the final block: a text that just ends is told from one that is wrong.
            var json = new Utf8JsonReader(utf8, isFinalBlock: false, state: default);
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            {
                return null;
            }

            var fields = new TokenFields();
            while (json.Read())
            {
                if (json.TokenType == JsonTokenType.EndObject)
                {
                    return fields;
                }

                if (!fields.TryReadProperty(ref json, out isTruncated))
                {
                    return null;
                }
            }

            isTruncated = true;
            return null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private bool TryReadProperty(ref Utf8JsonReader json, out bool isTruncated)
    {
        string? name = null;
        foreach (var known in Known)
        {
            if (json.ValueTextEquals(known))
            {
                name = known;
                break;
            }
        }

        isTruncated = !json.Read();
        if (isTruncated)
        {
            return false;
        }

        var value = json.TokenType switch
        {
            JsonTokenType.String when name is not (null or "detail") => json.GetString(),
            JsonTokenType.Number when name == "expires_in" => System.Text.Encoding.ASCII.GetString(json.ValueSpan.ToArray()),
            _ => null,
        };

        isTruncated = !json.TrySkip();
        if (isTruncated || name is null)
        {
            return !isTruncated;
        }

        if (_values.ContainsKey(name))
        {
            return false;
        }

        _values[name] = value;
        return true;
    }
}

using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace TokenRefresh.Protocol;

/// <summary>Parses the body of a token endpoint's response: JSON, or a form where the content type says so. It never throws.</summary>
internal static class ResponseBodyParser
{
    // Every text can be split into pairs. A text without one of these names isn't a form.
    private static readonly string[] FormMembers = ["access_token", "refresh_token", "error", "access", "refresh", "code", "detail"];

    /// <returns>
    /// A JSON object or array; a form becomes an object whose values are strings. <see langword="null"/> if the body is neither.
    /// </returns>
    public static JsonDocument? Parse(ReadOnlySpan<byte> body, MediaTypeHeaderValue? contentType)
    {
        var utf8 = ToUtf8(body, contentType?.CharSet);
        var isForm = "application/x-www-form-urlencoded".Equals(contentType?.MediaType, StringComparison.OrdinalIgnoreCase);

        // JSON comes first: some servers label it as a form.
        return ParseJson(utf8) ?? (isForm ? ParseForm(utf8) : null);
    }

    // RFC 8259, section 8.1, requires UTF-8 without a byte order mark. Some servers send another encoding.
    private static ReadOnlySpan<byte> ToUtf8(ReadOnlySpan<byte> body, string? charset)
    {
        if (body.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
        {
            return body.Slice(3);
        }

        if (FindEncoding(body, charset) is not { } encoding)
        {
            return body;
        }

        var text = encoding.GetString(body.ToArray());
        return Encoding.UTF8.GetBytes(text.TrimStart('\uFEFF'));
    }

    /// <returns><see langword="null"/> for UTF-8.</returns>
    private static Encoding? FindEncoding(ReadOnlySpan<byte> body, string? charset)
    {
        // The bytes are more reliable than the content type: the first character of JSON and of a form is ASCII.
        if (body.Length >= 2 && (body[0], body[1]) is (0xFF, 0xFE) or (not 0, 0))
        {
            return Encoding.Unicode;
        }

        if (body.Length >= 2 && (body[0], body[1]) is (0xFE, 0xFF) or (0, not 0))
        {
            return Encoding.BigEndianUnicode;
        }

        if (string.IsNullOrEmpty(charset) || charset!.Trim('"').StartsWith("utf", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        try
        {
            var encoding = Encoding.GetEncoding(charset.Trim('"'));
            return encoding.IsSingleByte ? encoding : null;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    private static JsonDocument? ParseJson(ReadOnlySpan<byte> utf8)
    {
        try
        {
            // It isn't the final block, so text after the first value is ignored.
            var reader = new Utf8JsonReader(utf8, isFinalBlock: false, state: default);
            if (!JsonDocument.TryParseValue(ref reader, out var document))
            {
                return null;
            }

            if (document.RootElement.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
            {
                return document;
            }

            document.Dispose();
            return null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static JsonDocument? ParseForm(ReadOnlySpan<byte> utf8)
    {
        using var buffer = new MemoryStream();
        using var json = new Utf8JsonWriter(buffer);
        var isOfProtocol = false;
        json.WriteStartObject();
        foreach (var pair in Encoding.UTF8.GetString(utf8.ToArray()).Trim().Split('&'))
        {
            var equals = pair.IndexOf('=');
            if (equals > 0)
            {
                var name = WebUtility.UrlDecode(pair.Substring(0, equals));
                json.WriteString(name, Decode(name, pair.Substring(equals + 1)));
                isOfProtocol |= Array.IndexOf(FormMembers, name) >= 0;
            }
        }

        json.WriteEndObject();
        json.Flush();
        return isOfProtocol ? ParseJson(buffer.GetBuffer().AsSpan(0, (int)buffer.Length)) : null;
    }

    // A plus is a space in a form. No token has a space, but some servers don't encode the plus of a base64 token.
    private static string Decode(string name, string value) => WebUtility.UrlDecode(
        name.EndsWith("token", StringComparison.Ordinal) ? value.Replace("+", "%2B") : value);
}

using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace TokenRefresh.Storage;

/// <summary>Writes a JSON object from a list of its members, and reads members that may be missing.</summary>
internal static class JsonObjectText
{
    /// <summary>
    /// Writes the members in the order of the list. A value is a text, a <see cref="long"/>, a time, a dictionary of texts or
    /// <see langword="true"/>. A member with <see langword="null"/>, <see langword="false"/> or an empty dictionary is left out.
    /// </summary>
    public static string Write(JavaScriptEncoder encoder, params (string Name, object? Value)[] members)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = encoder }))
        {
            json.WriteStartObject();
            foreach (var (name, value) in members)
            {
                Write(json, name, value);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    public static string? ReadText(this JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) ? value.GetString() : null;

    public static long? ReadNumber(this JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) ? value.GetInt64() : null;

    public static DateTimeOffset? ReadTime(this JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) ? value.GetDateTimeOffset() : null;

    public static IEnumerable<KeyValuePair<string, string>> ReadTexts(this JsonElement root, string name) =>
        root.TryGetProperty(name, out var value)
            ? value.EnumerateObject().Select(text => new KeyValuePair<string, string>(text.Name, text.Value.GetString()!))
            : [];

    private static void Write(Utf8JsonWriter json, string name, object? value)
    {
        switch (value)
        {
            case string text:
                json.WriteString(name, text);
                break;
            case long number:
                json.WriteNumber(name, number);
                break;
            case true:
                json.WriteBoolean(name, true);
                break;
            case DateTimeOffset time:
                json.WriteString(name, time);
                break;
            case IReadOnlyDictionary<string, string> { Count: > 0 } texts:
                json.WriteStartObject(name);
                foreach (var text in texts)
                {
                    json.WriteString(text.Key, text.Value);
                }

                json.WriteEndObject();
                break;
            case null or false or IReadOnlyDictionary<string, string>:
                break;
            default:
                throw new NotSupportedException(value.GetType().ToString());
        }
    }
}

using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;

namespace TokenRefresh.Protocol;

/// <summary>The members of a token endpoint's response body. Of duplicate members the last one counts. Nothing here throws.</summary>
internal sealed class TokenFields(JsonDocument document) : IDisposable
{
    // No token lives longer. A longer lifetime counts as unknown.
    private static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(365 * 100);

    private static readonly string[] ProtocolMembers =
    [
        "access_token", "refresh_token", "token_type", "expires_in", "scope", "id_token", "refresh_token_expires_in", "refresh_expires_in",
        "error", "error_description", "error_uri", "access", "refresh", "code", "detail",
    ];

    private readonly Dictionary<string, JsonElement> _members = ReadMembers(document.RootElement);

    /// <summary>The body: a JSON object or array.</summary>
    public JsonElement Root => document.RootElement;

    /// <summary>Whether the body has members. An array of errors has none.</summary>
    public bool IsObject => Root.ValueKind == JsonValueKind.Object;

    /// <summary>A text member; <see langword="null"/> if it is missing, empty or of another type.</summary>
    public string? this[string name] => _members.TryGetValue(name, out var value) ? ReadText(value) : null;

    /// <summary>Reads a body; <see langword="null"/> if it is neither JSON nor a form.</summary>
    public static TokenFields? Read(ReadOnlySpan<byte> body, MediaTypeHeaderValue? contentType = null) =>
        ResponseBodyParser.Parse(body, contentType) is { } parsed ? new TokenFields(parsed) : null;

    /// <summary>Reads the members of an object; none of another value.</summary>
    public static Dictionary<string, JsonElement> ReadMembers(JsonElement body)
    {
        var members = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        if (body.ValueKind != JsonValueKind.Object)
        {
            return members;
        }

        // The platform's own search throws at a name that isn't valid Unicode.
        foreach (var member in body.EnumerateObject())
        {
            if (ReadName(member) is { } name)
            {
                members[name] = member.Value;
            }
        }

        return members;
    }

    /// <summary>Whether the member is there, of any type.</summary>
    public bool Has(string name) => _members.ContainsKey(name);

    /// <summary>The texts of the body, and those one level deeper: in objects, in arrays, and in the objects of arrays.</summary>
    public IEnumerable<(string Name, string Text)> Texts() => IsObject
        ? _members.SelectMany(member => TextsIn(member.Key, member.Value))
        : TextsIn("", Root);

    /// <summary>The objects of an array member, as their members; none of another member.</summary>
    public IEnumerable<Dictionary<string, JsonElement>> Objects(string name) =>
        _members.TryGetValue(name, out var value) && value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray().Select(ReadMembers)
            : [];

    /// <summary>
    /// Reads the members that the protocol doesn't define: strings as they are, anything else but null as JSON text. A member that isn't
    /// valid Unicode is left out.
    /// </summary>
    public IEnumerable<KeyValuePair<string, string>> ReadAdditional()
    {
        foreach (var member in _members)
        {
            if (Array.IndexOf(ProtocolMembers, member.Key) < 0 && ReadAny(member.Value) is { } text)
            {
                yield return new KeyValuePair<string, string>(member.Key, text);
            }
        }
    }

    /// <summary>The tokens of a response, with the other members that are kept.</summary>
    public TokenSet ToTokenSet(string accessToken, string? refreshToken, string? scope, TimeSpan? lifetime, DateTimeOffset receivedAt) =>
        new(accessToken, refreshToken)
        {
            ReceivedAt = receivedAt,
            ExpiresAt = receivedAt + lifetime,
            Scope = scope,
            IdentityToken = this["id_token"],

            // Keycloak sends zero for an offline token, which doesn't expire.
            RefreshTokenExpiresAt = receivedAt + (ReadSeconds("refresh_token_expires_in") ?? ReadSeconds("refresh_expires_in")),
            Additional = TokenSetExtras.CopyWithinLimits(ReadAdditional()),
        };

    /// <summary>Reads a number of seconds, as a number or as text; <see langword="null"/> if it isn't a possible lifetime.</summary>
    public TimeSpan? ReadSeconds(string name) => _members.TryGetValue(name, out var value)
        ? ParseSeconds(value.ValueKind == JsonValueKind.Number ? value.GetRawText() : ReadText(value))
        : null;

    /// <summary>Reads the text of a number of seconds; <see langword="null"/> if it isn't a possible lifetime.</summary>
    public static TimeSpan? ParseSeconds(string? text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds)
        && seconds > 0 && seconds < MaxLifetime.TotalSeconds
            ? TimeSpan.FromSeconds(seconds)
            : null;

    public void Dispose() => document.Dispose();

    private static IEnumerable<(string Name, string Text)> TextsIn(string name, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject()
            .SelectMany(member => ReadName(member) is { } inner ? Self(inner, member.Value) : []),
        JsonValueKind.Array => value.EnumerateArray()
            .SelectMany(item => item.ValueKind == JsonValueKind.Object ? TextsIn(name, item) : Self(name, item)),
        _ => Self(name, value),
    };

    private static IEnumerable<(string Name, string Text)> Self(string name, JsonElement value) =>
        ReadText(value) is { } text ? [(name, text)] : [];

    /// <summary>Reads a text; <see langword="null"/> for an empty one, one that isn't valid Unicode, and any other type.</summary>
    public static string? ReadText(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && ReadIfValid(value.GetString) is { Length: > 0 } text ? text : null;

    private static string? ReadAny(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => ReadText(value),
        _ => ReadIfValid(value.GetRawText),
    };

    /// <returns><see langword="null"/> for a name that isn't valid Unicode.</returns>
    private static string? ReadName(JsonProperty member) => ReadIfValid(() => member.Name);

    // The parser doesn't check whether names and texts are valid UTF-8 and Unicode. Their first read does.
    private static string? ReadIfValid(Func<string?> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}

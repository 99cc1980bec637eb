using System.Text;
using System.Text.Json;

namespace TokenRefresh.Storage;

/// <summary>Writes and reads the token sets of one session, through its protector if it has one.</summary>
internal sealed class TokenCodec(TokenSessionKey key, ITokenProtector? protector)
{
    private const int FormatVersion = 1;

    public string Write(TokenSet tokens)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("v", FormatVersion);
            WriteIfAny(json, "access", tokens.HasAccessToken ? tokens.AccessToken : null);
            WriteIfAny(json, "refresh", tokens.RefreshToken);
            WriteIfAny(json, "scheme", tokens.Scheme);
            WriteIfAny(json, "scope", tokens.Scope);
            WriteIfAny(json, "expires", tokens.ExpiresAt);
            WriteIfAny(json, "received", tokens.ReceivedAt);
            WriteIfAny(json, "id", tokens.IdentityToken);
            WriteIfAny(json, "refreshExpires", tokens.RefreshTokenExpiresAt);
            WriteIfAny(json, "additional", tokens.Additional);
            WriteIfAny(json, "period", tokens.Period);
            json.WriteEndObject();
        }

        var text = Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
        return protector is null ? text : Protect(protector, text);
    }

    private string Protect(ITokenProtector by, string text)
    {
        try
        {
            return by.Protect(key, text) ?? throw new InvalidOperationException("The protector returned null.");
        }
        catch (Exception e)
        {
            throw new TokenStoreConfigurationException(
                $"Tokens can't be encrypted ({e.GetType().Name}), so no refresh token is used. Make the key of the token protector "
                + "loadable.");
        }
    }

    /// <exception cref="TokenStoreConfigurationException">
    /// The text isn't one that <see cref="Write"/> wrote with this protector's key.
    /// </exception>
    public TokenSet Read(string value)
    {
        try
        {
            using var json = JsonDocument.Parse(protector is null ? value : protector.Unprotect(key, value));
            var root = json.RootElement;
            if (root.GetProperty("v").GetInt32() != FormatVersion)
            {
                throw new FormatException("The format version is unknown.");
            }

            if (Text(root, "access") is not { } accessToken)
            {
                return TokenSet.FromRefreshToken(Text(root, "refresh")!).WithPeriod(Number(root, "period"));
            }

            var tokens = new TokenSet(accessToken, Text(root, "refresh"))
            {
                Scheme = Text(root, "scheme"),
                Scope = Text(root, "scope"),
                ExpiresAt = Time(root, "expires"),
                ReceivedAt = Time(root, "received"),
                IdentityToken = Text(root, "id"),
                RefreshTokenExpiresAt = Time(root, "refreshExpires"),
                Additional = Texts(root, "additional"),
            };
            return tokens.WithPeriod(Number(root, "period"));
        }
        catch (Exception e)
        {
            // The app's protector may throw any exception, and its message can contain a secret: pass on only the exception's type.
            throw TokenStoreConfigurationException.Because(e.GetType().Name);
        }
    }

    private static void WriteIfAny(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    private static void WriteIfAny(Utf8JsonWriter json, string name, DateTimeOffset? value)
    {
        if (value is { } time)
        {
            json.WriteString(name, time);
        }
    }

    private static void WriteIfAny(Utf8JsonWriter json, string name, long number)
    {
        if (number != 0)
        {
            json.WriteNumber(name, number);
        }
    }

    private static void WriteIfAny(Utf8JsonWriter json, string name, IReadOnlyDictionary<string, string> texts)
    {
        if (texts.Count == 0)
        {
            return;
        }

        json.WriteStartObject(name);
        foreach (var text in texts)
        {
            json.WriteString(text.Key, text.Value);
        }

        json.WriteEndObject();
    }

    private static IReadOnlyDictionary<string, string> Texts(JsonElement root, string name) => root.TryGetProperty(name, out var value)
        ? TokenSetExtras.Copy(value.EnumerateObject().Select(text => new KeyValuePair<string, string>(text.Name, text.Value.GetString()!)))
        : TokenSetExtras.None.Additional;

    private static string? Text(JsonElement root, string name) => root.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static long Number(JsonElement root, string name) => root.TryGetProperty(name, out var value) ? value.GetInt64() : 0;

    private static DateTimeOffset? Time(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) ? value.GetDateTimeOffset() : null;
}

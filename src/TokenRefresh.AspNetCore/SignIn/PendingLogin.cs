using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using TokenRefresh.AspNetCore.Sessions;
using TokenRefresh.Protocol;

namespace TokenRefresh.AspNetCore.SignIn;

/// <summary>The tokens of a login that is still being checked. They are kept in the request, and only as long as the request.</summary>
internal sealed class PendingLogin(ProviderLogin login, OpenIdConnectMessage response, DateTimeOffset receivedAt)
{
    private const string KeyPrefix = "TokenRefresh.PendingLogin/";

    public ProviderLogin Login => login;

    public string? AccessToken => NullIfEmpty(response.AccessToken);

    public string? RefreshToken => NullIfEmpty(response.RefreshToken);

    /// <summary>Whether requests with this scheme need a proof of possession that the handler can't send.</summary>
    public bool NeedsProof(string scheme) => response.TokenType is { } type && TokenSyntax.NeedsProof(type, scheme);

    public void Keep(HttpContext context, string scheme) => context.Items[KeyPrefix + scheme] = this;

    public static PendingLogin? Take(HttpContext context, string scheme) =>
        context.Items.Remove(KeyPrefix + scheme, out var pending) ? pending as PendingLogin : null;

    /// <summary>
    /// Creates the token set for the session, as a refresh with the same response does. Only a number isn't always the same text, because
    /// the platform has parsed it: 1.50 is 1.5.
    /// </summary>
    public TokenSet ToTokenSet()
    {
        using var fields = TokenFields.Read(WriteResponse())!;
        return fields.ToTokenSet(AccessToken!, RefreshToken, NullIfEmpty(response.Scope), fields.ReadSeconds("expires_in"), receivedAt);
    }

    private byte[] WriteResponse()
    {
        using var body = new MemoryStream();
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            foreach (var (name, value) in response.Parameters)
            {
                writer.WriteString(name, ToJson(value));
            }

            writer.WriteEndObject();
        }

        return body.ToArray();
    }

    // The platform has parsed the values, and has written them in .NET's form and in the culture of the request.
    private static string? ToJson(string? value) => value switch
    {
        "True" => "true",
        "False" => "false",
        _ when double.TryParse(value, CultureInfo.CurrentCulture, out var number)
            && value == number.ToString(CultureInfo.CurrentCulture) => number.ToString(CultureInfo.InvariantCulture),
        _ => value,
    };

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    /// <summary>Returns no token.</summary>
    public override string ToString() => nameof(PendingLogin);
}

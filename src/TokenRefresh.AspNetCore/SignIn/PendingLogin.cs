using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.SignIn;

/// <summary>The tokens of a login that is still being checked. They are kept in the request, and only as long as the request.</summary>
internal sealed class PendingLogin(ProviderLogin login, OpenIdConnectMessage response, DateTimeOffset receivedAt)
{
    private const string KeyPrefix = "TokenRefresh.PendingLogin/";

    // A proof of possession can't be sent with a plain header (RFC 9449, RFC 8705).
    private static readonly string[] TypesWithProof = ["DPoP", "mac", "pop"];

    public ProviderLogin Login => login;

    public string? AccessToken => NullIfEmpty(response.AccessToken);

    public string? RefreshToken => NullIfEmpty(response.RefreshToken);

    public bool NeedsProof => TypesWithProof.Contains(response.TokenType, StringComparer.OrdinalIgnoreCase);

    public void Keep(HttpContext context, string scheme) => context.Items[KeyPrefix + scheme] = this;

    public static PendingLogin? Take(HttpContext context, string scheme) =>
        context.Items.Remove(KeyPrefix + scheme, out var pending) ? pending as PendingLogin : null;

    /// <summary>Creates the token set for the session. If <c>expires_in</c> is missing, the lifetime is unknown.</summary>
    public TokenSet ToTokenSet(bool keepIdToken) => new(AccessToken!, RefreshToken)
    {
        ReceivedAt = receivedAt,
        ExpiresAt = int.TryParse(response.ExpiresIn, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? receivedAt.AddSeconds(seconds)
            : null,
        Scope = NullIfEmpty(response.Scope),
        IdentityToken = keepIdToken ? NullIfEmpty(response.IdToken) : null,
    };

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    /// <summary>Returns no token.</summary>
    public override string ToString() => nameof(PendingLogin);
}

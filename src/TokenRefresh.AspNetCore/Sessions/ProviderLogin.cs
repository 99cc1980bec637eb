using System.Globalization;
using System.IdentityModel.Tokens.Jwt;

namespace TokenRefresh.AspNetCore.Sessions;

/// <summary>
/// The provider's identifiers of a login. They are read from the id token itself, so the mapping of claims doesn't matter.
/// </summary>
internal sealed record ProviderLogin(string Issuer, string ClientId, string Subject, string? SessionId, long IssuedAt)
{
    public static ProviderLogin Read(JwtSecurityToken idToken, string clientId)
    {
        var issuedAt = Find(idToken, JwtRegisteredClaimNames.Iat);
        return new ProviderLogin(
            idToken.Issuer,
            clientId,
            idToken.Subject,
            Find(idToken, JwtRegisteredClaimNames.Sid) is { Length: > 0 } sid ? sid : null,
            long.TryParse(issuedAt, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : 0);
    }

    private static string? Find(JwtSecurityToken idToken, string type) => idToken.Claims.FirstOrDefault(claim => claim.Type == type)?.Value;

    /// <summary>Returns no identifier.</summary>
    public override string ToString() => $"{nameof(ProviderLogin)} {{ HasSessionId = {SessionId is not null} }}";
}

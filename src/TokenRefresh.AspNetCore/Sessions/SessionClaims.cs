using System.Security.Claims;

namespace TokenRefresh.AspNetCore.Sessions;

/// <summary>The claims by which the session of a cookie's principal is found.</summary>
internal static class SessionClaims
{
    // Claims of the same type that a provider sent have the provider's name as issuer, and are ignored.
    private const string Issuer = "TokenRefresh";
    private const string Prefix = "TokenRefresh/";

    public static string TypeOf(string sessionName) => Prefix + sessionName;

    public static bool IsOurs(Claim claim) => claim.Type.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>The login that the principal has in this session, or <see langword="null"/>.</summary>
    public static LoginKey? Find(ClaimsPrincipal? principal, UserSession session)
    {
        if (principal is null)
        {
            return null;
        }

        foreach (var identity in principal.Identities)
        {
            foreach (var claim in identity.Claims)
            {
                if (claim.Type == session.ClaimType && claim.Issuer == Issuer && identity.IsAuthenticated)
                {
                    return LoginKey.Parse(claim.Value);
                }
            }
        }

        return null;
    }

    /// <summary>Returns a copy of the principal with the claim of this login, and of no other login.</summary>
    public static ClaimsPrincipal Attach(ClaimsPrincipal principal, UserSession session, LoginKey login)
    {
        var copy = Detach(principal, session);
        RequireAuthenticated(copy).AddClaim(new Claim(session.ClaimType, login.ToClaimValue(), ClaimValueTypes.String, Issuer));
        return copy;
    }

    /// <summary>Returns a copy of the principal with the claim of no login.</summary>
    public static ClaimsPrincipal Detach(ClaimsPrincipal principal, UserSession session)
    {
        var copy = principal.Clone();
        foreach (var identity in copy.Identities)
        {
            foreach (var claim in identity.FindAll(claim => claim.Type == session.ClaimType).ToArray())
            {
                identity.TryRemoveClaim(claim);
            }
        }

        return copy;
    }

    /// <exception cref="ArgumentException">The principal has no authenticated identity.</exception>
    public static ClaimsIdentity RequireAuthenticated(ClaimsPrincipal principal) =>
        principal.Identities.FirstOrDefault(identity => identity.IsAuthenticated) ?? throw new ArgumentException(
            "The principal has no authenticated identity. Create it with an authentication type: new ClaimsIdentity(claims, \"password\").",
            nameof(principal));
}

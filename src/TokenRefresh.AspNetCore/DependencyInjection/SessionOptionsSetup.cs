using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Options;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.DependencyInjection;

/// <summary>
/// Fills in the session options that the app didn't set: client and endpoints from the OpenID Connect scheme, the user from the cookie.
/// </summary>
internal sealed class SessionOptionsSetup(UserSessionRegistry registry, CurrentLogin current) : IPostConfigureOptions<TokenRefreshOptions>
{
    public void PostConfigure(string? name, TokenRefreshOptions options)
    {
        if (registry.Find(name) is not { } session)
        {
            return;
        }

        options.UserKey ??= (_, _) => current.FindKey(session.Name);
        options.CountsPeriods = true;
        options.DropsIdentityToken = !session.Options.KeepIdToken;
        if (session.OpenIdConnectScheme is not null && registry.IsOpenIdConnect(session.OpenIdConnectScheme))
        {
            Complete(options, session.GetOpenIdConnectOptions());
        }
    }

    private static void Complete(TokenRefreshOptions options, OpenIdConnectOptions scheme)
    {
        options.ClientId ??= scheme.ClientId;
        if (options.ClientSecret is null && scheme.ClientSecret is { Length: > 0 } secret)
        {
            options.ClientSecret = secret;

            // The scheme's handler authenticates in this way when it redeems a code, so the refresh does the same.
            options.ClientAuthentication ??= ClientAuthentication.Post;
        }

        if (options is { TokenEndpoint: null, Issuer: null } && DiscoveredEndpoints.Find(scheme) is { } endpoints)
        {
            options.TokenEndpoint = endpoints.Token;
            options.RevocationEndpoint ??= endpoints.Revocation;
        }
    }
}

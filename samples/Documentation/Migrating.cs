using Duende.IdentityModel.OidcClient;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.Samples.Documentation;

/// <summary>docs/migrating.md.</summary>
public static class Migrating
{
    public static void ByHand(IServiceCollection services)
    {
        services.AddHttpClient("orders", c => c.BaseAddress = new Uri("https://api.example.com"))
            .AddTokenRefreshHandler(o =>                       // instead of AddHttpMessageHandler<AuthHandler>()
            {
                o.TokenEndpoint = new Uri("https://login.example.com/oauth/token");
                o.ClientId = "shop";
            });
    }

    public static async Task HandOverAsync(TokenSession session, OldTokens old)
    {
        if (await session.GetAccessTokenAsync() is null && old.Read() is { } saved)
        {
            await session.SignInAsync(new TokenSet(saved.AccessToken, saved.RefreshToken));
            old.Delete();                                      // two owners of one refresh token sign the user out
        }
    }

    public static async Task<HttpClient> FromOidcClientAsync(OidcClient oidc, TokenSession session)
    {
        var login = await oidc.LoginAsync(new LoginRequest());
        await session.SignInAsync(new TokenSet(login.AccessToken, login.RefreshToken) { ExpiresAt = login.AccessTokenExpiration });

        var client = new HttpClient(new TokenRefreshHandler(session) { InnerHandler = new SocketsHttpHandler() });   // was: login.RefreshTokenHandler
        return client;
    }

    public static void AskAgain(TokenRefreshOptions options, OidcClient oidc)
    {
        options.SignInInteractively = async (_, ct) =>
        {
            var login = await oidc.LoginAsync(new LoginRequest(), ct);
            return login.IsError ? null : new TokenSet(login.AccessToken, login.RefreshToken) { ExpiresAt = login.AccessTokenExpiration };
        };
    }
}

public sealed class OldTokens
{
    public (string AccessToken, string RefreshToken)? Read() => null;

    public void Delete()
    {
    }
}

using System.Net;
using System.Net.Http.Json;
using TokenRefresh.Samples.Servers;

namespace TokenRefresh.ServerTests.Django;

/// <summary>A sign-out ends the refresh token at the blacklist view.</summary>
[Trait("Case", "C36")]
public sealed class BlacklistCases(DjangoServers servers)
{
    [Fact]
    public async Task A_sign_out_blacklists_the_refresh_token_that_the_session_has()
    {
        var server = await servers.GetAsync("stock");
        var user = await servers.CreateUserAsync(server);
        var others = await server.SignInAsync(user);
        var tokens = await server.SignInAsync(user);
        await using (var app = new DjangoApp(server, options => options.RevocationEndpoint = server.RevocationEndpoint))
        {
            await app.Session.SignInAsync(new TokenSet(tokens.Access, tokens.Refresh));

            await app.Session.SignOutAsync();

            Assert.Equal(TokenSessionState.SignedOut, app.Session.State);
            Assert.Empty(app.ReLogins);
        }

        // The disposal has waited for the server. The same user's login in another browser is untouched.
        Assert.Equal(HttpStatusCode.Unauthorized, await RefreshAsync(server, tokens.Refresh));
        Assert.Equal(HttpStatusCode.OK, await RefreshAsync(server, others.Refresh));
    }

    [Fact]
    public async Task A_sign_out_of_a_token_that_is_dead_succeeds()
    {
        var server = await servers.GetAsync("stock");
        var user = await servers.CreateUserAsync(server);
        await using var app = new DjangoApp(server, options => options.RevocationEndpoint = server.RevocationEndpoint);
        await app.SignInAsync(user);
        await server.RevokeAsync(user);

        await app.Session.SignOutAsync();

        Assert.Equal(TokenSessionState.SignedOut, app.Session.State);
        await app.SignInAsync(user);
        Assert.Equal(HttpStatusCode.OK, await app.GetAsync());
        Assert.Empty(app.ReLogins);
    }

    private static async Task<HttpStatusCode> RefreshAsync(SimpleJwtServer server, string refresh)
    {
        using var plain = new HttpClient();
        using var response = await plain.PostAsJsonAsync(server.TokenEndpoint, new { refresh });
        return response.StatusCode;
    }
}

using System.Net;

namespace TokenRefresh.ServerTests.Django;

/// <summary>Addresses that are nearly right: another view, or Django's slash at the end forgotten.</summary>
public sealed class AddressCases(DjangoServers servers)
{
    [Theory]
    [Trait("Case", "N6")]
    [InlineData("api/token/verify/")]
    [InlineData("api/token/")]
    [InlineData("api/token/sliding/")]
    [InlineData("api/token/sliding/refresh/")]
    [InlineData("api/token/refreshed/")]
    [InlineData("api/token/refresh")]
    public async Task A_wrong_endpoint_signs_no_user_out_and_the_message_names_it(string path)
    {
        var server = await servers.GetAsync("stock");
        var user = await servers.CreateUserAsync(server);
        var wrong = new Uri(server.Address, path);
        await using var app = new DjangoApp(server, options => options.TokenEndpoint = wrong);
        await app.SignInExpiredAsync(user);

        var failure = await app.MoveTimeWhileAsync(app.FailAsync());

        Assert.Contains(wrong.AbsoluteUri, failure.Message, StringComparison.Ordinal);
        Assert.Contains("TokenEndpoint", failure.Message, StringComparison.Ordinal);
        Assert.Empty(app.ReLogins);
        Assert.Equal(TokenSessionState.SignedIn, app.Session.State);
        await app.SignInAsync(user);
        Assert.Equal(HttpStatusCode.OK, await app.GetAsync());
    }

    [Theory]
    [Trait("Case", "B56")]
    [InlineData("stock", HttpStatusCode.Unauthorized)]
    [InlineData("session first", HttpStatusCode.Forbidden)]
    public async Task A_forgotten_slash_of_the_API_costs_the_header_and_refreshes_nothing(string setup, HttpStatusCode expected)
    {
        var server = await servers.GetAsync(setup);
        await using var app = new DjangoApp(server);
        await app.SignInAsync(await servers.CreateUserAsync(server));

        // .NET follows Django's redirect without the token.
        Assert.Equal(expected, await app.GetAsync("api/orders"));

        Assert.Equal(0, (await server.GetStatsAsync()).Refreshes);
        Assert.Equal(HttpStatusCode.OK, await app.GetAsync("api/orders/"));
        Assert.Empty(app.ReLogins);
    }
}

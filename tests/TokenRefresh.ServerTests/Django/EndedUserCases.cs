using System.Net;
using TokenRefresh.Samples.Servers;

namespace TokenRefresh.ServerTests.Django;

/// <summary>The refresh view refuses a user: the login is over, whatever the body says and in whichever language.</summary>
[Trait("Case", "B01")]
public sealed class EndedUserCases(DjangoServers servers)
{
    private static readonly Dictionary<string, Func<SimpleJwtServer, string, Task>> Ends = new(StringComparer.Ordinal)
    {
        ["deactivated"] = (server, user) => server.DeactivateAsync(user),
        ["deleted"] = (server, user) => server.DeleteAsync(user),
        ["password changed"] = (server, user) => server.ChangePasswordAsync(user),
        ["blacklisted"] = (server, user) => server.RevokeAsync(user),
    };

    public static TheoryData<string, string, string?> Refusals => new()
    {
        { "5.4", "deactivated", null },
        { "latest", "deactivated", null },
        { "latest", "deleted", null },
        { "latest", "password changed", null },
        { "latest", "blacklisted", "token_not_valid" },
        { "latest, in German", "deactivated", null },
        { "latest, in German", "deleted", null },
        { "latest, in German", "password changed", null },
        { "latest, in German", "blacklisted", "token_not_valid" },
        { "own codes", "deactivated", "konto_ruht" },
        { "own codes", "deleted", "konto_geloescht" },
        { "standardized errors", "deactivated", "no_active_account" },
        { "standardized errors", "deleted", "no_active_account" },
        { "standardized errors", "password changed", "password_changed" },
        { "standardized errors", "blacklisted", "token_not_valid" },
    };

    [Theory]
    [Trait("Case", "C32")]
    [MemberData(nameof(Refusals))]
    public async Task An_ended_user_is_asked_to_sign_in_once(string setup, string end, string? error)
    {
        var server = await servers.GetAsync(setup);
        var user = await servers.CreateUserAsync(server);
        await using var app = new DjangoApp(server);
        await app.SignInExpiredAsync(user);
        await Ends[end](server, user);

        await AssertEndsOnceAsync(app, error);
        await AssertSignsInAgainAsync(app, await servers.CreateUserAsync(server));
    }

    [Theory]
    [InlineData("latest", "deactivated")]
    [InlineData("latest", "deleted")]
    [InlineData("latest", "password changed")]
    [InlineData("own codes", "deactivated")]
    public async Task An_ended_user_with_an_unexpired_token_is_asked_to_sign_in_once(string setup, string end)
    {
        var server = await servers.GetAsync(setup);
        var user = await servers.CreateUserAsync(server);
        await using var app = new DjangoApp(server);
        await app.SignInAsync(user);
        Assert.Equal(HttpStatusCode.OK, await app.GetAsync());
        await Ends[end](server, user);

        await AssertEndsOnceAsync(app, setup == "own codes" ? "konto_ruht" : null);
        await AssertSignsInAgainAsync(app, await servers.CreateUserAsync(server));
    }

    [Fact]
    public async Task A_user_who_is_active_again_signs_in_again()
    {
        var server = await servers.GetAsync("latest");
        var user = await servers.CreateUserAsync(server);
        await using var app = new DjangoApp(server);
        await app.SignInExpiredAsync(user);
        await server.DeactivateAsync(user);
        Assert.Equal(HttpStatusCode.Unauthorized, await app.GetAsync());

        await server.ActivateAsync(user);

        // The login stays ended until the user signs in.
        Assert.Equal(HttpStatusCode.Unauthorized, await app.GetAsync());
        await AssertSignsInAgainAsync(app, user);
    }

    [Fact]
    public async Task A_changed_password_signs_in_again()
    {
        var server = await servers.GetAsync("latest");
        var user = await servers.CreateUserAsync(server);
        await using var app = new DjangoApp(server);
        await app.SignInExpiredAsync(user);
        await server.ChangePasswordAsync(user);
        Assert.Equal(HttpStatusCode.Unauthorized, await app.GetAsync());

        await app.SignInAsync(user, password: "changed");

        Assert.Equal(HttpStatusCode.OK, await app.GetAsync());
        Assert.Single(app.ReLogins);
    }

    private static async Task AssertEndsOnceAsync(DjangoApp app, string? error)
    {
        await app.Server.ResetStatsAsync();

        var held = await app.GetManyAsync(30);

        Assert.Equal([HttpStatusCode.Unauthorized], held.Distinct());
        var reLogin = Assert.Single(app.ReLogins);
        Assert.Equal((ReLoginReason.Rejected, error), (reLogin.Reason, reLogin.Error));
        Assert.Equal(TokenSessionState.ReLoginRequired, app.Session.State);
        var before = await app.Server.GetStatsAsync();
        Assert.Equal((1, 1, 1), (before.Refreshes, before.Refreshes401, before.RefreshPeak));
        Assert.Equal((0, 0), (before.Api200, before.PresentedTwice));

        // From now on nothing reaches the server.
        Assert.Equal(HttpStatusCode.Unauthorized, await app.GetAsync());
        Assert.Equal(before, await app.Server.GetStatsAsync());
    }

    private static async Task AssertSignsInAgainAsync(DjangoApp app, string user)
    {
        await app.SignInAsync(user);

        Assert.Equal(HttpStatusCode.OK, await app.GetAsync());
        Assert.Equal(TokenSessionState.SignedIn, app.Session.State);
        Assert.Single(app.ReLogins);
    }
}

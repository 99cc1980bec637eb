using System.Net;
using Microsoft.Extensions.Options;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>Text that a header can't hold gets into no header and no message.</summary>
[Trait("Case", "C41")]
public sealed class HeaderInjectionTests
{
    public static TheoryData<string> Bad =>
    [
        "kanarie\r\nX-Evil: 1", "kanarie\n", "\rkanarie", "kanarie\0", "kana rie", "kanarie,kanarie", "kanärie", "kanarie\u2028", "\tkanarie", "kanarie\u007f", "\u001b[31mkanarie", " ", "",
    ];

    [Theory]
    [MemberData(nameof(Bad))]
    public void An_access_token_is_refused_where_it_is_made(string value) =>
        AssertSilent(Assert.Throws<ArgumentException>(() => new TokenSet(value, "refresh-1")));

    [Theory]
    [MemberData(nameof(Bad))]
    public void A_scheme_is_refused_where_it_is_set(string value)
    {
        var options = new TokenRefreshOptions { TokenEndpoint = new Uri("https://login.example.com/token"), ClientId = "shop", Scheme = value };

        AssertSilent(Assert.Throws<ArgumentException>(() => TokenSession.Create(options)));
    }

    [Fact]
    public async Task A_scheme_that_came_with_the_tokens_is_never_written_anywhere()
    {
        await using var app = TestApp.Create();

        AssertSilent(await Assert.ThrowsAsync<ArgumentException>(() => app.Session.SignInAsync(new TokenSet("access-1") { Scheme = "kanarie\r\nX-Evil: 1" })));
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task An_access_token_from_the_server_is_refused_and_nothing_sent(string value)
    {
        await using var scene = await Scene.SetAsync();
        scene.Expire();
        scene.App.Tokens.RespondAlways(HttpStatusCode.OK, $$"""{"access_token":{{System.Text.Json.JsonSerializer.Serialize(value)}}}""");

        var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => scene.App.GetAsync());

        Assert.Equal(TokenRefreshFailure.Configuration, exception.Failure);
        AssertSilent(exception);
        Assert.Equal(["access-1"], scene.App.Api.Received.Select(request => request.Token));
    }

    [Theory]
    [InlineData("refresh\r\nX-Evil: 1")]
    [InlineData("ref&grant_type=password&x=\0ä")]
    public async Task A_refresh_token_may_hold_anything_and_stays_one_value_of_the_form(string refreshToken)
    {
        await using var scene = await Scene.SetAsync();
        await scene.App.Session.SignInAsync(new TokenSet("access-1", refreshToken));

        await Assert.ThrowsAsync<TokenRefreshException>(() => scene.App.Session.RefreshAsync());

        Assert.Equal([refreshToken], scene.App.Tokens.ReceivedRefreshTokens);
        Assert.Equal(["grant_type", "refresh_token", "client_id"], Assert.Single(scene.App.Tokens.ReceivedBodies).Split('&').Select(field => field.Split('=')[0]));
    }

    private static void AssertSilent(Exception exception)
    {
        Assert.DoesNotContain("kan", exception.ToString(), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Evil", exception.ToString(), StringComparison.Ordinal);
    }
}

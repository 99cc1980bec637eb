using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>What else a token response holds is kept for the app, and a login may begin with a refresh token alone.</summary>
public sealed class ResponseMembersTests
{
    private const string Response =
        """
        {"access_token":"access-9","refresh_token":"refresh-9","id_token":"id-9","refresh_token_expires_in":"86400","issued_token_type":"x",
         "instance_url":"https://x.example.com","roles":["a", 1],"count":5,"flag":true,"nothing":null,"error":null,"scope":"read"}
        """;

    [Fact]
    [Trait("Case", "B32")]
    public async Task The_other_members_of_a_response_are_saved_and_kept_by_refreshes_that_dont_mention_them()
    {
        await using var scene = await Scene.SetAsync();
        scene.App.Tokens
            .RespondOnce(HttpStatusCode.OK, Response)
            .RespondOnce(HttpStatusCode.OK, """{"access_token":"access-10","instance_url":"https://y.example.com"}""");

        await scene.App.Session.RefreshAsync();
        var first = (await scene.StoredAsync())!;
        await scene.App.Session.RefreshAsync();
        var second = (await scene.StoredAsync())!;

        Assert.Equal(("id-9", scene.App.Time.GetUtcNow().AddDays(1), "read"), (first.IdentityToken, first.RefreshTokenExpiresAt, first.Scope));
        Assert.Equal(
            ["count=5", "flag=true", "instance_url=https://x.example.com", "issued_token_type=x", "roles=[\"a\", 1]"],
            first.Additional.Select(member => $"{member.Key}={member.Value}").Order(StringComparer.Ordinal));
        Assert.Equal(("access-10", "refresh-9", "id-9", first.RefreshTokenExpiresAt), (second.AccessToken, second.RefreshToken, second.IdentityToken, second.RefreshTokenExpiresAt));
        Assert.Equal("https://y.example.com", second.Additional["instance_url"]);
        Assert.Equal("5", second.Additional["count"]);
    }

    [Fact]
    [Trait("Case", "B32")]
    public async Task The_app_reads_the_id_token_and_the_other_members_from_its_session()
    {
        var store = new MemoryTokenStore();
        await using (var before = TestApp.Over(store))
        {
            await before.SignInAsync();
            before.Tokens.RespondOnce(HttpStatusCode.OK, Response);
            await before.Session.RefreshAsync();
        }

        await using var app = TestApp.Over(store);
        Assert.Null(app.Session.IdentityToken);
        Assert.Empty(app.Session.Additional);

        await app.Session.GetAccessTokenAsync();
        Assert.Equal(("id-9", "https://x.example.com"), (app.Session.IdentityToken, app.Session.Additional["instance_url"]));

        await app.Session.SignOutAsync();
        Assert.Null(app.Session.IdentityToken);
        Assert.Empty(app.Session.Additional);
    }

    [Fact]
    public async Task An_id_token_that_is_dropped_is_neither_saved_at_the_sign_in_nor_at_a_refresh()
    {
        var store = new MemoryTokenStore();
        await using var app = TestApp.Over(store, options => options.DropsIdentityToken = true);
        await app.Session.SignInAsync(new TokenSet("access-1", "refresh-1") { IdentityToken = "id-1" });
        Assert.Null((await store.TokensAsync())!.IdentityToken);

        app.Tokens.RespondOnce(HttpStatusCode.OK, Response);
        await app.Session.RefreshAsync();

        var saved = (await store.TokensAsync())!;
        Assert.Equal(("access-9", null, "5"), (saved.AccessToken, saved.IdentityToken, saved.Additional["count"]));
    }

    [Fact]
    [Trait("Case", "B32")]
    public async Task A_member_that_isnt_valid_UTF8_is_left_out_and_no_token_is_lost()
    {
        await using var scene = await Scene.SetAsync();
        var body = Encoding.Latin1.GetBytes("""{"access_token":"access-9","refresh_token":"refresh-9","user":{"name":"Zoë"},"names":["Zoë"],"name":"Zoë","count":5}""");
        scene.App.Tokens.RespondOnce((_, _) => Task.FromResult<HttpResponseMessage?>(new HttpResponseMessage { Content = new ByteArrayContent(body) }));

        await scene.App.Session.RefreshAsync();

        var saved = (await scene.StoredAsync())!;
        Assert.Equal(("access-9", "refresh-9"), (saved.AccessToken, saved.RefreshToken));
        Assert.Equal(["count"], saved.Additional.Keys);
    }

    [Theory]
    [Trait("Case", "B32")]
    [InlineData("\"refresh_expires_in\":3600", 3600d)]
    [InlineData("\"refresh_token_expires_in\":60,\"refresh_expires_in\":3600", 60d)]
    [InlineData("\"refresh_expires_in\":0", null)]
    [InlineData("\"refresh_expires_in\":-1", null)]
    [InlineData("\"refresh_expires_in\":null", null)]
    [InlineData("\"refresh_expires_in\":\"never\"", null)]
    [InlineData("\"refresh_expires_in\":1e300", null)]
    public async Task The_end_of_the_login_is_counted_from_receipt(string member, double? seconds)
    {
        await using var scene = await Scene.SetAsync();
        scene.App.Tokens.RespondOnce(HttpStatusCode.OK, "{\"access_token\":\"access-9\"," + member + "}");

        await scene.App.Session.RefreshAsync();

        var expected = seconds is { } end ? scene.App.Time.GetUtcNow().AddSeconds(end) : (DateTimeOffset?)null;
        Assert.Equal(expected, (await scene.StoredAsync())!.RefreshTokenExpiresAt);
    }

    [Fact]
    [Trait("Case", "B32")]
    public async Task A_response_with_many_members_is_kept_within_bounds()
    {
        await using var scene = await Scene.SetAsync();
        var members = string.Join(",", Enumerable.Range(0, 1000).Select(i => $"\"m{i}\":\"{new string('x', i == 1 ? 70_000 : 100)}\""));
        scene.App.Tokens.RespondOnce(HttpStatusCode.OK, "{" + members + ",\"access_token\":\"access-9\"}");

        await scene.App.Session.RefreshAsync();

        var kept = (await scene.StoredAsync())!.Additional;
        Assert.Equal(64, kept.Count);
        Assert.False(kept.ContainsKey("m1"));
    }

    [Theory]
    [Trait("Case", "B32")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_login_that_begins_with_a_refresh_token_alone_is_refreshed_before_its_first_use(bool hasStore)
    {
        await using var app = TestApp.Create(services: services =>
        {
            if (hasStore)
            {
                services.AddTokenSession(TestApp.Name).UseStore(new MemoryTokenStore());
            }
        });
        await app.Session.SignInAsync(TokenSet.FromRefreshToken(app.Tokens.Issue().RefreshToken!));
        Assert.Equal(TokenSessionState.SignedIn, app.Session.State);

        var gate = app.Tokens.Hold();
        var requests = Enumerable.Range(0, 5).Select(_ => app.GetAsync()).ToArray();
        await gate.ArrivedAsync(1);
        Assert.Equal(0, app.Api.Calls);
        app.Tokens.Release();

        Assert.All(await TestApp.StatusesOf(requests), status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
        Assert.Equal(5, app.Api.CallsWith("access-2"));
        Assert.Equal(5, app.Api.Calls);
    }

    [Fact]
    [Trait("Case", "B32")]
    public async Task Such_a_login_is_loaded_by_the_next_process_and_ends_as_any_other()
    {
        var store = new MemoryTokenStore();
        string refreshToken;
        await using (var first = TestApp.Over(store))
        {
            refreshToken = first.Tokens.Issue().RefreshToken!;
            await first.Session.SignInAsync(TokenSet.FromRefreshToken(refreshToken));
        }

        await using var next = TestApp.Over(store);
        using var refused = await next.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal([refreshToken], next.Tokens.ReceivedRefreshTokens);
        Assert.Equal(0, next.Api.Calls);
        Assert.Equal(ReLoginReason.Rejected, Assert.Single(next.ReLogins).Reason);
    }

    [Fact]
    [Trait("Case", "B32")]
    public async Task While_the_endpoint_is_down_such_a_login_sends_nothing()
    {
        await using var app = TestApp.Create(configure: options => options.ConfigureRefreshPipeline = _ => { });
        await app.Session.SignInAsync(TokenSet.FromRefreshToken(app.Tokens.Issue().RefreshToken!));
        app.Tokens.RespondOnce(HttpStatusCode.ServiceUnavailable);

        await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());
        app.Time.Advance(TimeSpan.FromSeconds(2));
        var token = await app.Session.GetAccessTokenAsync();

        Assert.Equal(0, app.Api.Calls);
        Assert.Equal("access-2", token);
    }
}

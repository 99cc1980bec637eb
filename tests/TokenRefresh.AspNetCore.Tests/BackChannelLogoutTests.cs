using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;
using TokenRefresh.TestKit;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>OpenID Connect Back-Channel Logout 1.0.</summary>
public sealed class BackChannelLogoutTests : IAsyncLifetime
{
    private readonly HttpClient _http = new();
    private readonly Browser _browser = new();
    private Provider _provider = null!;

    public async ValueTask InitializeAsync()
    {
        _provider = await Provider.StartAsync();
        _browser.SetCookie(_provider.Address, Provider.SessionCookie, "sid-1");
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _browser.Dispose();
        await _provider.DisposeAsync();
    }

    [Fact]
    public async Task A_logout_token_with_sub_and_sid_ends_that_login_alone()
    {
        await using var node = await Node.StartAsync(_provider);
        using var other = new Browser();
        other.SetCookie(_provider.Address, Provider.SessionCookie, "sid-2");
        await _browser.GoAsync(node.At("orders"));
        await other.GoAsync(node.At("orders"));

        using var answer = await PostAsync(node, LogoutTokens.Sign(LogoutTokens.Claims(_provider)));

        Assert.True(answer.IsSuccessStatusCode, string.Join('\n', node.Log.Own));
        Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
        Assert.Equal(HttpStatusCode.Unauthorized, (await _browser.FetchAsync(node.At("orders"))).Status);
        Assert.Equal("orders of alice", (await other.FetchAsync(node.At("orders"))).Text);
        Assert.Equal("orders of alice", (await _browser.GoAsync(node.At("orders"))).Text);
    }

    [Theory]
    [InlineData("alice", null)]
    [InlineData(null, "sid-1")]
    public async Task A_logout_token_with_sub_or_sid_alone_ends_the_logins_before_it_and_none_after_it(string? subject, string? sessionId)
    {
        await using var node = await Node.StartAsync(_provider);
        using var bobs = new Browser();
        bobs.SetCookie(_provider.Address, Provider.UserCookie, "bob");
        await _browser.GoAsync(node.At("orders"));
        await bobs.GoAsync(node.At("orders"));

        using var answer = await PostAsync(node, LogoutTokens.Sign(LogoutTokens.Claims(_provider, subject, sessionId)));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _browser.FetchAsync(node.At("orders"))).Status);
        Assert.Equal("orders of bob", (await bobs.FetchAsync(node.At("orders"))).Text);
        await Eventually.TrueAsync(() => _provider.RevokedTokens.Count == 1);

        // Perhaps in the same second.
        Assert.Equal("orders of alice", (await _browser.GoAsync(node.At("orders"))).Text);
    }

    [Theory]
    [Trait("Case", "W9")]
    [InlineData("wrong key", "SecurityTokenInvalidSignatureException")]
    [InlineData("alg none", "SecurityTokenInvalidSignatureException")]
    [InlineData("HS256", "SecurityTokenInvalidSignatureException")]
    [InlineData("HS256 with the public key", "SecurityTokenInvalidSignatureException")]
    [InlineData("not yet valid", "SecurityTokenInvalidLifetimeException")]
    [InlineData("encrypted", "its audience isn't a client of this app")]
    [InlineData("deep", "it is no JWT")]
    [InlineData("no audience", "its audience isn't a client of this app")]
    [InlineData("jti number", "it is no JWT")]
    [InlineData("long sub", "it has neither sub nor sid, or one of them isn't text of a valid length")]
    [InlineData("expired", "SecurityTokenInvalidLifetimeException")]
    [InlineData("no exp", "SecurityTokenInvalidLifetimeException")]
    [InlineData("old iat", "iat is missing, or differs from the current time by more than five minutes")]
    [InlineData("future iat", "iat is missing, or differs from the current time by more than five minutes")]
    [InlineData("no iat", "iat is missing, or differs from the current time by more than five minutes")]
    [InlineData("nonce", "it has a nonce")]
    [InlineData("id token", "events has no back-channel logout event")]
    [InlineData("events text", "events has no back-channel logout event")]
    [InlineData("other event", "events has no back-channel logout event")]
    [InlineData("event text", "events has no back-channel logout event")]
    [InlineData("wrong issuer", "SecurityTokenInvalidIssuerException")]
    [InlineData("wrong audience", "its audience isn't a client of this app")]
    [InlineData("neither sub nor sid", "it has neither sub nor sid, or one of them isn't text of a valid length")]
    [InlineData("sub number", "it has neither sub nor sid, or one of them isn't text of a valid length")]
    [InlineData("no jti", "jti is missing")]
    [InlineData("access token type", "its type (typ) isn't that of a logout token")]
    [InlineData("no signature", "SecurityTokenInvalidSignatureException")]
    [InlineData("no token", "the body isn't a form with one logout_token")]
    [InlineData("1 MB", "the body isn't a form with one logout_token")]
    public async Task A_wrong_logout_token_is_refused_and_nothing_happens(string fault, string reason)
    {
        await using var node = await Node.StartAsync(_provider);
        await _browser.GoAsync(node.At("orders"));

        using var answer = await PostAsync(node, Make(fault));

        await AssertRefusedAsync(node, answer);
        Assert.Contains(node.Log.Own, line => line.Contains(reason, StringComparison.Ordinal));
    }

    [Theory]
    [Trait("Case", "W9")]
    [InlineData("two")]
    [InlineData("JSON")]
    [InlineData("query")]
    [InlineData("multipart")]
    public async Task A_logout_token_in_another_form_is_refused_and_nothing_happens(string form)
    {
        await using var node = await Node.StartAsync(_provider);
        await _browser.GoAsync(node.At("orders"));
        var token = LogoutTokens.Sign(LogoutTokens.Claims(_provider));
        using HttpContent? content = form switch
        {
            "two" => new FormUrlEncodedContent([KeyValuePair.Create("logout_token", token), KeyValuePair.Create("logout_token", token)]),
            "JSON" => JsonContent.Create(new { logout_token = token }),
            "multipart" => new MultipartFormDataContent { { new StringContent(token), "logout_token" } },
            _ => null,
        };

        using var answer = await _http.PostAsync(node.At(form == "query" ? "backchannel-logout?logout_token=" + token : "backchannel-logout"), content);

        await AssertRefusedAsync(node, answer);
    }

    [Fact]
    [Trait("Case", "W9")]
    public async Task A_logout_token_that_is_used_twice_is_refused_the_second_time()
    {
        await using var node = await Node.StartAsync(_provider);
        await _browser.GoAsync(node.At("orders"));
        var token = LogoutTokens.Sign(LogoutTokens.Claims(_provider));
        using var first = await PostAsync(node, token);
        await _browser.GoAsync(node.At("orders"));

        using var second = await PostAsync(node, token);

        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        await AssertRefusedAsync(node, second);
    }

    [Fact]
    [Trait("Case", "W9")]
    public async Task Damaged_logout_tokens_are_refused_and_nothing_happens()
    {
        await using var node = await Node.StartAsync(_provider);
        await _browser.GoAsync(node.At("orders"));
        var random = new Random(20261126);

        for (var round = 0; round < 300; round++)
        {
            var token = Damage(LogoutTokens.Sign(LogoutTokens.Claims(_provider)), random);
            using var answer = await PostAsync(node, token);
            Assert.True(answer.StatusCode == HttpStatusCode.BadRequest, $"{answer.StatusCode} for {token}");
        }

        Assert.Equal("orders of alice", (await _browser.FetchAsync(node.At("orders"))).Text);
        Assert.DoesNotContain(node.Log.Own, line => line.Contains("eyJ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_store_that_is_down_gives_503_and_the_same_token_works_later()
    {
        var store = new RemoteStore();
        await using var node = await Node.StartAsync(_provider, new NodeSetup { ConfigureSession = session => session.UseStore(store).UseDataProtection() });
        await _browser.GoAsync(node.At("orders"));
        var token = LogoutTokens.Sign(LogoutTokens.Claims(_provider));
        store.IsAway = true;

        using var first = await PostAsync(node, token);
        store.IsAway = false;
        using var second = await PostAsync(node, token);

        Assert.True(second.IsSuccessStatusCode, string.Join('\n', node.Log.Own));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK), (first.StatusCode, second.StatusCode));
        Assert.Equal(HttpStatusCode.Unauthorized, (await _browser.FetchAsync(node.At("orders"))).Status);
    }

    [Fact]
    [Trait("Case", "W16")]
    public async Task A_browser_cannot_post_a_logout_token()
    {
        await using var node = await Node.StartAsync(_provider);
        await _browser.GoAsync(node.At("orders"));
        var token = LogoutTokens.Sign(LogoutTokens.Claims(_provider));

        var page = await _browser.SubmitAsync(node.At("backchannel-logout"), from: new Uri("http://evil.example/"), ("logout_token", token));

        Assert.Equal(HttpStatusCode.Forbidden, page.Status);
        Assert.Equal("orders of alice", (await _browser.FetchAsync(node.At("orders"))).Text);
    }

    private string Make(string fault)
    {
        var claims = LogoutTokens.Claims(_provider);
        var now = (long)claims["iat"]!;
        switch (fault)
        {
            case "wrong key":
                using (var other = RSA.Create(2048))
                {
                    return LogoutTokens.Sign(claims, new RsaSecurityKey(other) { KeyId = Provider.Key.KeyId });
                }

            case "alg none": return LogoutTokens.Sign(claims, algorithm: "none");
            case "HS256": return LogoutTokens.Sign(claims, algorithm: "HS256");
            case "HS256 with the public key":
                return LogoutTokens.Sign(claims, algorithm: "HS256", secret: Provider.Key.Rsa.ExportSubjectPublicKeyInfoPem());
            case "not yet valid": claims["nbf"] = now + 60; break;
            case "encrypted": return LogoutTokens.Sign(claims) + ".e30.e30";
            case "deep": return "e30." + Base64UrlEncoder.Encode(new string('[', 10_000)) + ".e30";
            case "no audience": claims.Remove("aud"); break;
            case "jti number": claims["jti"] = 1; break;
            case "long sub": claims["sub"] = new string('a', 256); break;
            case "access token type": return LogoutTokens.Sign(claims, type: "at+jwt");
            case "no signature": return LogoutTokens.Sign(claims)[..^20];
            case "no token": return "";
            case "1 MB": claims["padding"] = new string('a', 1024 * 1024); break;
            case "expired": (claims["iat"], claims["exp"]) = (now - 120, now - 60); break;
            case "no exp": claims.Remove("exp"); break;
            case "old iat": claims["iat"] = now - 400; break;
            case "future iat": claims["iat"] = now + 400; claims["exp"] = now + 800; break;
            case "no iat": claims.Remove("iat"); break;
            case "nonce": claims["nonce"] = "n"; break;
            case "id token": claims.Remove("events"); return LogoutTokens.Sign(claims, type: "JWT");
            case "events text": claims["events"] = LogoutTokens.EventName; break;
            case "other event": claims["events"] = new Dictionary<string, object> { ["http://other.example"] = new() }; break;
            case "event text": claims["events"] = new Dictionary<string, object> { [LogoutTokens.EventName] = "yes" }; break;
            case "wrong issuer": claims["iss"] = "https://evil.example/"; break;
            case "wrong audience": claims["aud"] = "other"; break;
            case "neither sub nor sid": claims.Remove("sub"); claims.Remove("sid"); break;
            case "sub number": claims["sub"] = 1; break;
            case "no jti": claims.Remove("jti"); break;
            default: throw new ArgumentOutOfRangeException(nameof(fault));
        }

        return LogoutTokens.Sign(claims);
    }

    // A bit, a byte, a piece: whatever is changed, the signature doesn't fit, or it is no token.
    private static string Damage(string token, Random random)
    {
        var characters = token.ToCharArray();
        var at = random.Next(characters.Length - 4);
        switch (random.Next(5))
        {
            case 0: characters[at] = characters[at] == 'A' ? 'B' : 'A'; return new string(characters);
            case 1: characters[at] = (char)random.Next(1, 300); return new string(characters) + "x";
            case 2: return token[..at];
            case 3: return token.Remove(at, random.Next(1, 4));
            default: return token.Insert(at, new string((char)random.Next(33, 127), random.Next(1, 50)));
        }
    }

    private async Task AssertRefusedAsync(Node node, HttpResponseMessage answer)
    {
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("invalid_request", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
        Assert.Equal("orders of alice", (await _browser.FetchAsync(node.At("orders"))).Text);
    }

    private Task<HttpResponseMessage> PostAsync(Node node, string token) =>
        _http.PostAsync(node.At("backchannel-logout"), new FormUrlEncodedContent([KeyValuePair.Create("logout_token", token)]));
}

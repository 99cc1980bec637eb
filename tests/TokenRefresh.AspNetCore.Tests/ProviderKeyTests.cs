using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;
using TokenRefresh.Testing;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>A provider that changes its signing key.</summary>
public sealed class ProviderKeyTests : IAsyncLifetime
{
    private readonly List<RsaSecurityKey> _keys = [NewKey("first")];
    private readonly HttpClient _http = new();
    private WebApplication _discovery = null!;
    private Provider _provider = null!;
    private NodeSetup _setup = null!;
    private Uri _issuer = null!;
    private int _keyFetches;
    private Gate? _beforeKeys;
    private bool _isDown;

    public async ValueTask InitializeAsync()
    {
        _provider = await Provider.StartAsync();
        _issuer = new Uri($"http://localhost:{TestKit.FreePort.Find()}/");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, _issuer.Port));
        _discovery = builder.Build();
        _discovery.MapGet("/.well-known/openid-configuration", () => _isDown
            ? Results.StatusCode(503)
            : Results.Json(new { issuer = _issuer, jwks_uri = new Uri(_issuer, "keys"), token_endpoint = new Uri(_issuer, "token") }));
        _discovery.MapGet("/keys", async () =>
        {
            Interlocked.Increment(ref _keyFetches);
            await (_beforeKeys?.PassAsync() ?? Task.CompletedTask);
            return Results.Json(new { keys = _keys.Select(key => new { kty = "RSA", use = "sig", kid = key.KeyId, n = Parameter(key, p => p.Modulus), e = Parameter(key, p => p.Exponent) }) });
        });
        await _discovery.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _discovery.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [Fact]
    [Trait("Case", "W9")]
    public async Task Keys_are_fetched_again_once_for_a_key_that_is_not_known()
    {
        await using var node = await StartNodeAsync();
        Assert.Equal(HttpStatusCode.OK, await PostAsync(node, _keys[0]));
        var fetches = Volatile.Read(ref _keyFetches);
        _keys.Add(NewKey("second"));

        Assert.Equal(HttpStatusCode.OK, await PostAsync(node, _keys[1]));
        var unknown = NewKey("unknown");
        for (var round = 0; round < 20; round++)
        {
            Assert.Equal(HttpStatusCode.BadRequest, await PostAsync(node, unknown));
        }

        // One fetch is for the library, and one for the scheme, because its keys are out of date.
        Assert.InRange(Volatile.Read(ref _keyFetches) - fetches, 1, 2);
    }

    [Fact]
    [Trait("Case", "W9")]
    public async Task Logout_tokens_with_a_new_key_are_accepted_while_its_fetch_is_under_way()
    {
        await using var node = await StartNodeAsync();
        await UseUpTheSchemesOwnRefreshAsync(node);
        _keys.Add(NewKey("second"));
        var fetch = _beforeKeys = new Gate();

        var first = PostAsync(node, _keys[1]);
        await fetch.ArrivedAsync(1);
        var others = Enumerable.Range(0, 4).Select(_ => PostAsync(node, _keys[1])).ToArray();
        fetch.Open();

        Assert.All(await Task.WhenAll([first, .. others]), status => Assert.Equal(HttpStatusCode.OK, status));
    }

    [Fact]
    [Trait("Case", "W9")]
    public async Task Tokens_with_an_unknown_key_dont_keep_those_with_a_new_key_from_being_accepted()
    {
        await using var node = await StartNodeAsync();
        await UseUpTheSchemesOwnRefreshAsync(node);
        _keys.Add(NewKey("second"));

        Assert.Equal(HttpStatusCode.BadRequest, await PostAsync(node, NewKey("unknown")));

        Assert.Equal(HttpStatusCode.OK, await PostAsync(node, _keys[1]));
        Assert.Equal(HttpStatusCode.OK, await PostAsync(node, _keys[1]));
    }

    [Fact]
    public async Task A_provider_whose_keys_cannot_be_fetched_gets_503_and_sends_the_token_again()
    {
        _isDown = true;
        await using var node = await StartNodeAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await PostAsync(node, _keys[0]));

        _isDown = false;
        Assert.Equal(HttpStatusCode.OK, await PostAsync(node, _keys[0]));
    }

    private Task<Node> StartNodeAsync() => Node.StartAsync(_provider, _setup = new NodeSetup
    {
        ConfigureProvider = options => options.Authority = _issuer.ToString(),
    });

    /// <summary>The scheme refreshes its keys for an unknown one at most once in five minutes.</summary>
    private async Task UseUpTheSchemesOwnRefreshAsync(Node node)
    {
        Assert.Equal(HttpStatusCode.OK, await PostAsync(node, _keys[0]));
        Assert.Equal(HttpStatusCode.BadRequest, await PostAsync(node, NewKey("unknown")));
        Assert.Equal(HttpStatusCode.OK, await PostAsync(node, _keys[0]));
        _setup.Time.Advance(TimeSpan.FromMinutes(1));
    }

    private async Task<HttpStatusCode> PostAsync(Node node, RsaSecurityKey key)
    {
        var claims = LogoutTokens.Claims(_provider);
        claims["iss"] = _issuer.ToString();
        using var content = new FormUrlEncodedContent([KeyValuePair.Create("logout_token", LogoutTokens.Sign(claims, key))]);
        using var answer = await _http.PostAsync(node.At("backchannel-logout"), content);
        return answer.StatusCode;
    }

    private static RsaSecurityKey NewKey(string id) => new(RSA.Create(2048)) { KeyId = id };

    private static string Parameter(RsaSecurityKey key, Func<RSAParameters, byte[]?> parameter) => Base64UrlEncoder.Encode(parameter(key.Rsa.ExportParameters(false)));
}

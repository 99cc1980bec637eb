using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>Which origins get the token, and whose 401 counts.</summary>
[Trait("Case", "C39")]
public sealed class AllowedOriginTests
{
    [Theory]
    [InlineData("https://evil.example.com/me")]
    [InlineData("http://api.example.com/me")]
    [InlineData("https://api.example.com:8443/me")]
    [InlineData("https://api.example.com.evil.com/me")]
    [InlineData("https://api.example.com@evil.com/me")]
    [InlineData("https://sub.api.example.com/me")]
    [InlineData("https://api.example.com./me")]
    public async Task Another_origin_gets_no_token_and_its_401_no_refresh(string url)
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();

        using var response = await app.Client.GetAsync(new Uri(url));

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Null(Assert.Single(app.Api.Received).Authorization);
        Assert.Equal(0, app.Tokens.Calls);
    }

    [Theory]
    [InlineData("https://api.example.com/me")]
    [InlineData("https://API.Example.COM/me")]
    [InlineData("https://api.example.com:443/me")]
    [InlineData("HTTPS://api.example.com/me?redirect=https://evil.example.com")]
    [InlineData("https://user@api.example.com/me")]
    public async Task The_same_origin_in_another_spelling_gets_it(string url)
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();

        using var response = await app.Client.GetAsync(new Uri(url));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("access-1", Assert.Single(app.Api.Received).Token);
    }

    [Fact]
    public async Task An_allowed_origin_without_TLS_is_an_error_that_says_so()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        var options = new TokenRefreshOptions { TokenEndpoint = new Uri("https://login.example.com/token"), ClientId = "shop" };
        options.AllowedOrigins.Add(new Uri("http://api.example.com"));

        var exception = Assert.Throws<ArgumentException>(() => TokenSession.Create(options));

        Assert.Contains("AllowedOrigins", exception.Message, StringComparison.Ordinal);
        Assert.Contains("https", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://api.example.com/", false)]
    [InlineData("http://localhost:8080/", true)]
    public async Task A_named_client_whose_base_address_has_no_TLS_sends_no_token_but_on_loopback(string address, bool isSent)
    {
        await using var app = TestApp.Create(services: services =>
            services.AddHttpClient(TestApp.Name, client => client.BaseAddress = new Uri(address)));
        await app.SignInAsync();

        var result = await Scene.Result.OfAsync(app.GetAsync());

        Assert.Equal(isSent ? HttpStatusCode.OK : null, result.Status);
        Assert.Equal(isSent ? 1 : 0, app.Api.Calls);
        if (!isSent)
        {
            var exception = Assert.IsType<TokenRefreshException>(result.Exception);
            Assert.Equal(TokenRefreshFailure.Configuration, exception.Failure);
            Assert.Contains("base address", exception.Message, StringComparison.Ordinal);
            Assert.Contains("http://api.example.com", exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_handler_without_origins_says_what_to_set_and_sends_nothing()
    {
        var options = new TokenRefreshOptions { TokenEndpoint = new Uri("https://login.example.com/token"), ClientId = "shop" };
        await using var session = TokenSession.Create(options);
        await session.SignInAsync(new TokenSet("access-1", "refresh-1"));
        using var api = new Unreachable();
        using var client = new HttpClient(new TokenRefreshHandler(session) { InnerHandler = api });

        var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => client.GetAsync(new Uri("https://api.example.com/me")));

        Assert.Equal(TokenRefreshFailure.Configuration, exception.Failure);
        Assert.Contains("The session 'default' doesn't know which server may get its access token. Set the option AllowedOrigins", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("named client", exception.Message, StringComparison.Ordinal);
    }

    private sealed class Unreachable : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, System.Threading.CancellationToken cancellationToken) =>
            throw new InvalidOperationException("Nothing may be sent.");
    }
}

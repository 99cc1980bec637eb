using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>The endpoints that the discovery document of the OpenID Connect scheme names.</summary>
public sealed class DiscoveredEndpointTests
{
    private static readonly TokenSet Tokens = new("access-1", "refresh-1");

    // A provider behind a proxy that ends TLS often publishes http addresses.
    [Theory]
    [InlineData("http://login.example.com/connect/token")]
    [InlineData("http://login:8080/connect/token")]
    [InlineData("/connect/token")]
    [InlineData(null)]
    public async Task A_token_endpoint_that_isnt_https_gets_no_refresh_token(string? endpoint)
    {
        var received = new ConcurrentQueue<Uri>();
        await using var provider = Build(new OpenIdConnectConfiguration { TokenEndpoint = endpoint }, received);
        var session = provider.GetRequiredService<TokenSessions>()["shop", "user"];
        await session.SignInAsync(Tokens);

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => session.RefreshAsync());

        Assert.Empty(received);
        Assert.Equal(TokenRefreshFailure.Configuration, failure.Failure);
        Assert.Contains("token_endpoint", failure.Message, StringComparison.Ordinal);
        Assert.Equal(TokenSessionState.SignedIn, session.State);
    }

    // The Authority is looked up by service discovery. That lets no other address get tokens.
    [Fact]
    public async Task A_foreign_token_endpoint_without_https_gets_no_refresh_token_from_a_named_service()
    {
        var received = new ConcurrentQueue<Uri>();
        var document = DocumentWith("http://login.example.com/connect/revoke");
        document.TokenEndpoint = "http://login.example.com/connect/token";
        var discovery = new StaticConfigurationManager<OpenIdConnectConfiguration>(document);
        var provider = Build(discovery, received, insecureOrigin: "http://keycloak:8080", authority: "http://keycloak:8080");
        var session = provider.GetRequiredService<TokenSessions>()["shop", "user"];
        await session.SignInAsync(Tokens);

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => session.RefreshAsync());
        await session.SignOutAsync();
        await provider.DisposeAsync();

        Assert.Empty(received);
        Assert.Equal(TokenRefreshFailure.Configuration, failure.Failure);
    }

    [Theory]
    [InlineData(HttpStatusCode.InternalServerError)]
    [InlineData(null)]
    public async Task Another_failure_doesnt_fetch_the_document_again(HttpStatusCode? answer)
    {
        var discovery = new MovingDiscovery();
        await using var provider = Build(
            discovery, new ConcurrentQueue<Uri>(), answer: _ => answer ?? throw new HttpRequestException(HttpRequestError.ResponseEnded));
        var session = provider.GetRequiredService<TokenSessions>()["shop", "user"];
        await session.SignInAsync(Tokens);

        await Assert.ThrowsAsync<TokenRefreshException>(() => session.RefreshAsync());

        Assert.Equal(0, discovery.Refreshes);
    }

    [Theory]
    [InlineData("https://tokens.example.com/connect/token", null)]
    [InlineData("http://localhost:5001/connect/token", null)]
    [InlineData("http://10.0.2.2:8080/connect/token", "http://10.0.2.2:8080")]
    public async Task A_token_endpoint_that_may_get_tokens_gets_the_refresh_token(string endpoint, string? insecureOrigin)
    {
        var received = new ConcurrentQueue<Uri>();
        await using var provider = Build(new OpenIdConnectConfiguration { TokenEndpoint = endpoint }, received, insecureOrigin);
        var session = provider.GetRequiredService<TokenSessions>()["shop", "user"];
        await session.SignInAsync(Tokens);

        await session.RefreshAsync();

        Assert.Equal([new Uri(endpoint)], received);
    }

    [Fact]
    public async Task A_revocation_endpoint_that_isnt_https_gets_no_refresh_token()
    {
        var received = new ConcurrentQueue<Uri>();
        var provider = Build(DocumentWith("http://login.example.com/connect/revoke"), received);
        var session = provider.GetRequiredService<TokenSessions>()["shop", "user"];
        await session.SignInAsync(Tokens);

        await session.SignOutAsync();
        await provider.DisposeAsync();

        Assert.Empty(received);
    }

    [Theory]
    [InlineData(HttpStatusCode.NotFound)]
    [InlineData(HttpStatusCode.Gone)]
    [InlineData(null)]
    public async Task A_token_endpoint_that_has_moved_is_found_again(HttpStatusCode? answer)
    {
        var received = new ConcurrentQueue<Uri>();
        var discovery = new MovingDiscovery();
        await using var provider = Build(discovery, received, answer: uri => uri.Host != "old.example.com" ? HttpStatusCode.OK
            : answer ?? throw new HttpRequestException(HttpRequestError.NameResolutionError));
        var session = provider.GetRequiredService<TokenSessions>()["shop", "user"];
        await session.SignInAsync(Tokens);

        await session.RefreshAsync();

        Assert.Equal(["old.example.com", "new.example.com"], received.Select(uri => uri.Host));
        Assert.Equal(1, discovery.Refreshes);
    }

    [Fact]
    public async Task A_sign_out_right_before_the_app_ends_still_revokes()
    {
        var received = new ConcurrentQueue<Uri>();
        var provider = Build(DocumentWith("https://login.example.com/connect/revoke"), received);
        var session = provider.GetRequiredService<TokenSessions>()["shop", "user"];
        await session.SignInAsync(Tokens);

        await session.SignOutAsync();
        await provider.DisposeAsync();

        Assert.Equal([new Uri("https://login.example.com/connect/revoke")], received);
    }

    private static OpenIdConnectConfiguration DocumentWith(string revocationEndpoint)
    {
        var configuration = new OpenIdConnectConfiguration { TokenEndpoint = "https://login.example.com/connect/token" };
        configuration.AdditionalData["revocation_endpoint"] = revocationEndpoint;
        return configuration;
    }

    private static ServiceProvider Build(
        OpenIdConnectConfiguration configuration, ConcurrentQueue<Uri> received, string? insecureOrigin = null) =>
        Build(new StaticConfigurationManager<OpenIdConnectConfiguration>(configuration), received, insecureOrigin);

    private static ServiceProvider Build(
        IConfigurationManager<OpenIdConnectConfiguration> discovery,
        ConcurrentQueue<Uri> received,
        string? insecureOrigin = null,
        Func<Uri, HttpStatusCode>? answer = null,
        string authority = "https://login.example.com")
    {
        var services = new ServiceCollection();
        services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie().AddOpenIdConnect(options =>
        {
            options.Authority = authority;
            options.RequireHttpsMetadata = false;
            options.ClientId = "shop";
            options.ResponseType = "code";
            options.ConfigurationManager = discovery;
        });
        var session = services.AddUserTokenSession("shop", options =>
        {
            if (insecureOrigin is not null)
            {
                options.InsecureOrigins.Add(new Uri(insecureOrigin));
            }
        });
        session.TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(() => new Recorder(received, answer ?? (_ => HttpStatusCode.OK)));
        return services.BuildServiceProvider();
    }

    /// <summary>The provider's document. It names another endpoint once it is fetched again.</summary>
    private sealed class MovingDiscovery : IConfigurationManager<OpenIdConnectConfiguration>
    {
        public int Refreshes { get; private set; }

        public Task<OpenIdConnectConfiguration> GetConfigurationAsync(CancellationToken cancel) => Task.FromResult(new OpenIdConnectConfiguration
        {
            TokenEndpoint = Refreshes == 0 ? "https://old.example.com/token" : "https://new.example.com/token",
        });

        public void RequestRefresh() => Refreshes++;
    }

    private sealed class Recorder(ConcurrentQueue<Uri> received, Func<Uri, HttpStatusCode> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            received.Enqueue(request.RequestUri!);
            return Task.FromResult(new HttpResponseMessage(answer(request.RequestUri!))
            {
                Content = new StringContent("""{"access_token":"access-2","refresh_token":"refresh-2"}""", Encoding.UTF8, "application/json"),
            });
        }
    }
}

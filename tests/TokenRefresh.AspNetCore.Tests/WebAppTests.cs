using System.Net.Http.Json;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>The tests of a web app as docs/testing-examples.md has them. The app is samples/Bff.</summary>
public sealed class WebAppTests : IDisposable
{
    private readonly FakeTokenServer _tokens = new();
    private readonly FakeApi _api;
    private readonly WebApplicationFactory<Program> _app;

    public WebAppTests()
    {
        _api = new FakeApi(_tokens);
        _api.Answer(request => request.Token is { } token && _tokens.Accepts(token)
            ? new HttpResponseMessage { Content = JsonContent.Create(new { user = "alice" }) }
            : null);
        _app = new WebApplicationFactory<Program>().WithWebHostBuilder(host => host
            .UseSetting("Upstream:Api", "https://api.example.com")
            .UseSetting("Upstream:TokenEndpoint", "https://login.example.com/token")
            .ConfigureTestServices(services => Replace(services, _api, _tokens)));
    }

    [Fact]
    public async Task A_page_works_after_an_expiry()
    {
        using var browser = _app.CreateClient();
        await browser.GetAsync("/test/sign-in");
        _tokens.ExpireAccessTokens();

        using var page = await browser.GetAsync("/api/me");

        page.EnsureSuccessStatusCode();
        _tokens.AssertRefreshes(1);
    }

    [Fact]
    public async Task A_scheme_with_a_configuration_needs_no_provider()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseTestServer();
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie().AddOpenIdConnect(options =>
        {
            options.Authority = "https://login.example.com";
            options.ClientId = "shop";
            options.ResponseType = "code";
        });
        builder.Services.AddUserTokenSession("shop");
        builder.Services.AddTokenSession("shop").TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(() => _tokens);
        SkipDiscovery(builder.Services);
        await using var app = builder.Build();
        await app.StartAsync();
        var session = app.Services.GetRequiredService<TokenSessions>()["shop", "user-1"];
        await session.SignInAsync(_tokens.Issue());

        var token = await session.GetAccessTokenAsync(rejectedToken: "access-1");

        Assert.Equal("access-2", token);
    }

    public void Dispose() => _app.Dispose();

    private static void SkipDiscovery(IServiceCollection services) =>
        services.Configure<OpenIdConnectOptions>("OpenIdConnect", options =>
            options.Configuration = new OpenIdConnectConfiguration { TokenEndpoint = "https://login.example.com/token" });

    private static void Replace(IServiceCollection services, FakeApi api, FakeTokenServer tokens)
    {
        services.AddHttpClient("api").ConfigurePrimaryHttpMessageHandler(() => api);
        services.AddTokenSession("api").UseStore(new MemoryTokenStore()).AllowUnencryptedStore()
            .TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(() => tokens);
        services.AddSingleton<IStartupFilter>(new TestSignIn(tokens));
    }

    /// <summary>Signs the browser in without a login page.</summary>
    private sealed class TestSignIn(FakeTokenServer tokens) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            var alice = new ClaimsPrincipal(new ClaimsIdentity([new Claim("sub", "alice")], "test"));
            app.Use((context, pass) => context.Request.Path == "/test/sign-in"
                ? context.SignInWithTokensAsync("api", alice, tokens.Issue())
                : pass(context));
            next(app);
        };
    }
}

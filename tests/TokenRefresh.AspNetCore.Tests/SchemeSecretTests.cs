using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using TokenRefresh.Testing;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>A client secret that is rotated in the configuration of the OpenID Connect scheme while the app runs.</summary>
public sealed class SchemeSecretTests : IAsyncDisposable
{
    private readonly FakeTokenServer _tokens = new();
    private readonly LogLines _log = new();
    private readonly IConfigurationRoot _shop = CreateConfiguration("shop");
    private readonly IConfigurationRoot _other = CreateConfiguration("other");

    [Fact]
    public async Task The_next_token_call_uses_it()
    {
        await using var app = Build();
        var session = await SignInAsync(app);
        await session.RefreshAsync(TestContext.Current.CancellationToken);

        Reload(_shop, "secret-2");
        await session.RefreshAsync(TestContext.Current.CancellationToken);
        Reload(_shop, "secret-3");
        await session.RefreshAsync(TestContext.Current.CancellationToken);

        Assert.Equal(["secret-1", "secret-2", "secret-3"], _tokens.ReceivedBodies.Select(SecretOf));
        Assert.DoesNotContain(_log.Own, line => line.Contains("secret-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_change_before_the_first_use_counts_too()
    {
        await using var app = Build();
        _ = app.GetRequiredService<IOptionsMonitor<TokenRefreshOptions>>().Get("shop");
        Reload(_shop, "secret-2");
        var session = await SignInAsync(app);

        await session.RefreshAsync(TestContext.Current.CancellationToken);

        Assert.Equal("secret-2", SecretOf(_tokens.ReceivedBodies.Single()));
    }

    [Fact]
    public async Task The_secret_of_another_client_isnt_used()
    {
        await using var app = Build();
        var session = await SignInAsync(app);

        _shop["Oidc:ClientId"] = "another";
        Reload(_shop, "secret-2");
        await session.RefreshAsync(TestContext.Current.CancellationToken);

        Assert.Equal("secret-1", SecretOf(_tokens.ReceivedBodies.Single()));
        Assert.Contains(_log.Own, line => line.Contains("a restart for ClientId, ClientSecret.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_configuration_that_is_wrong_isnt_used_and_is_logged()
    {
        await using var app = Build(options => options.ClientAuthentication = ClientAuthentication.Post);
        var session = await SignInAsync(app);

        Reload(_shop, "");
        await session.RefreshAsync(TestContext.Current.CancellationToken);

        Assert.Equal("secret-1", SecretOf(_tokens.ReceivedBodies.Single()));
        Assert.Contains(_log.Own, line => line.Contains("the changed configuration isn't used", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Sign_ins_use_the_old_options_then_too()
    {
        await using var app = Build(options => options.ClientAuthentication = ClientAuthentication.Post);
        await SignInAsync(app);

        Reload(_shop, "");

        Assert.Equal("secret-1", app.GetRequiredService<IOptionsMonitor<TokenRefreshOptions>>().Get("shop").ClientSecret);
    }

    [Fact]
    public async Task Options_of_the_session_that_become_wrong_arent_used()
    {
        var services = new ServiceCollection();
        services.Configure<TokenRefreshOptions>("shop", _shop.GetSection("Session"));
        await using var app = Build(services);
        var session = await SignInAsync(app);

        _shop["Session:RefreshTimeout"] = "-00:00:01";
        Assert.Throws<AggregateException>(_shop.Reload); // The options monitor of the platform.
        await session.RefreshAsync(TestContext.Current.CancellationToken);

        Assert.Single(_tokens.ReceivedBodies);
        Assert.Contains(_log.Own, line => line.Contains("the changed configuration isn't used", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Only_the_sessions_own_scheme_changes_its_options(bool isOwn)
    {
        var reads = 0;
        await using var app = Build(_ => reads++);
        await SignInAsync(app);
        reads = 0;

        Reload(isOwn ? _shop : _other, "secret-2");

        Assert.Equal(isOwn, reads > 0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_may_come_from_a_client_with_a_session_of_its_own(bool isSchemeFirst)
    {
        var services = new ServiceCollection();
        services.AddHttpClient<Vault>(client => client.BaseAddress = new Uri("https://vault.example.com"))
            .AddTokenRefreshHandler(options => options.TokenEndpoint = new Uri("https://login.example.com/vault"));
        services.AddOptions<OpenIdConnectOptions>("Shop").PostConfigure<Vault, IOptionsMonitor<TokenRefreshOptions>>(
            (options, vault, _) => options.ClientSecret = vault.Secret);
        await using var app = Build(services);
        if (isSchemeFirst)
        {
            _ = app.GetRequiredService<IOptionsMonitor<OpenIdConnectOptions>>().Get("Shop");
        }

        var session = await SignInAsync(app);
        await session.RefreshAsync(TestContext.Current.CancellationToken);

        Assert.Equal("secret-of-vault", SecretOf(_tokens.ReceivedBodies.Single()));
    }

    [Fact]
    public async Task A_change_after_the_end_of_the_app_changes_nothing()
    {
        var app = Build();
        await SignInAsync(app);
        await app.DisposeAsync();

        Reload(_shop, "secret-2");

        Assert.DoesNotContain(_log.Own, line => line.Contains("has changed", StringComparison.Ordinal) || line.Contains("isn't used", StringComparison.Ordinal));
    }

    public ValueTask DisposeAsync()
    {
        _tokens.Dispose();
        return default;
    }

    private ServiceProvider Build(Action<TokenRefreshOptions>? configure = null) => Build(new ServiceCollection(), configure);

    private ServiceProvider Build(IServiceCollection services, Action<TokenRefreshOptions>? configure = null)
    {
        services.AddLogging(logging => logging.AddProvider(_log));
        services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme)
            .AddCookie()
            .AddOpenIdConnect("Shop", Configure)
            .AddOpenIdConnect("Other", Configure);
        services.Configure<OpenIdConnectOptions>("Shop", _shop.GetSection("Oidc"));
        services.Configure<OpenIdConnectOptions>("Other", _other.GetSection("Oidc"));
        services.AddUserTokenSession("shop", configure, configureUsers: options => options.OpenIdConnectScheme = "Shop")
            .TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(() => _tokens);
        return services.BuildServiceProvider();
    }

    private static IConfigurationRoot CreateConfiguration(string clientId) => new ConfigurationBuilder()
        .AddInMemoryCollection(new Dictionary<string, string?> { ["Oidc:ClientId"] = clientId, ["Oidc:ClientSecret"] = "secret-1" })
        .Build();

    private static void Configure(OpenIdConnectOptions options)
    {
        options.Authority = "https://login.example.com";
        options.ResponseType = "code";
        options.ConfigurationManager = new StaticConfigurationManager<OpenIdConnectConfiguration>(
            new OpenIdConnectConfiguration { TokenEndpoint = "https://login.example.com/token" });
    }

    private async Task<TokenSession> SignInAsync(IServiceProvider app)
    {
        var session = app.GetRequiredService<TokenSessions>()["shop", "user"];
        await session.SignInAsync(_tokens.Issue());
        return session;
    }

    private static void Reload(IConfigurationRoot configuration, string secret)
    {
        configuration["Oidc:ClientSecret"] = secret;
        configuration.Reload();
    }

    private sealed class Vault(HttpClient client)
    {
        public string Secret => $"secret-of-{client.BaseAddress!.Host.Split('.')[0]}";
    }

    private static string SecretOf(string body) => body.Split('&').Single(pair => pair.StartsWith("client_secret=", StringComparison.Ordinal))["client_secret=".Length..];
}

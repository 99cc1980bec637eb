using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TokenRefresh.DependencyInjection;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.DependencyInjection;

/// <summary>A client secret that is rotated in configuration while the app runs.</summary>
public sealed class ClientSecretReloadTests : IAsyncDisposable
{
    private readonly FakeTokenServer _tokens = new();
    private readonly CapturingLoggerProvider _logs = new();
    private readonly IConfigurationRoot _configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
    {
        ["Orders:TokenEndpoint"] = "https://login.example.com/token",
        ["Orders:ClientId"] = "shop",
        ["Orders:ClientSecret"] = "secret-1",
        ["Orders:ClientAuthentication"] = "Post",
        ["Orders:AllowedOrigins:0"] = "https://api.example.com",
    }).Build();

    private readonly ServiceProvider _app;

    public ClientSecretReloadTests()
    {
        var services = new ServiceCollection();
        _logs.Add(services);
        services.AddHttpClient("orders").AddTokenRefreshHandler(_configuration.GetSection("Orders"));
        services.AddTokenSession("orders").TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(() => _tokens);
        _app = services.BuildServiceProvider();
    }

    private TokenSession Session => _app.GetRequiredService<TokenSessions>()["orders"];

    [Fact]
    public async Task The_next_token_call_uses_it()
    {
        await Session.SignInAsync(_tokens.Issue());
        await Session.RefreshAsync(TestContext.Current.CancellationToken);

        Reload("secret-2");
        await Session.RefreshAsync(TestContext.Current.CancellationToken);

        Assert.Equal(["secret-1", "secret-2"], _tokens.ReceivedBodies.Select(SecretOf));
        Assert.Contains(_logs.Messages, line => line.Text.Contains("the client secret has changed", StringComparison.Ordinal));
        Assert.DoesNotContain(_logs.Messages, line => line.Text.Contains("secret-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_change_before_the_first_use_counts_too()
    {
        _ = _app.GetRequiredService<IOptionsMonitor<TokenRefreshOptions>>().Get("orders");
        Reload("secret-2");
        await Session.SignInAsync(_tokens.Issue());

        await Session.RefreshAsync(TestContext.Current.CancellationToken);

        Assert.Equal("secret-2", SecretOf(_tokens.ReceivedBodies.Single()));
    }

    [Fact]
    public async Task A_configuration_that_is_wrong_isnt_used_and_is_logged()
    {
        await Session.SignInAsync(_tokens.Issue());

        Reload(secret: null);
        await Session.RefreshAsync(TestContext.Current.CancellationToken);

        Assert.Equal("secret-1", SecretOf(_tokens.ReceivedBodies.Single()));
        Assert.Contains(_logs.Messages, line => line.Text.Contains("the changed configuration isn't used: TokenRefresh client 'orders': ClientAuthentication is Post, but ClientSecret isn't set", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public async Task A_secret_that_is_gone_stays_in_use(string? secret)
    {
        _configuration["Orders:ClientAuthentication"] = null;
        await Session.SignInAsync(_tokens.Issue());

        Reload(secret);
        await Session.RefreshAsync(TestContext.Current.CancellationToken);

        Assert.DoesNotContain("client_id=", _tokens.ReceivedBodies.Single(), StringComparison.Ordinal); // Basic has it in the header.
        Assert.Contains(_logs.Messages, line => line is { EventName: "RestartNeeded", Level: LogLevel.Warning } && line.Text.Contains("a restart for ClientSecret.", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("TokenEndpoint", "https://other.example.com/token")]
    [InlineData("ClientId", "other")]
    [InlineData("ClientAuthentication", "Basic")]
    public async Task The_secret_of_another_client_or_server_isnt_used(string option, string value)
    {
        await Session.SignInAsync(_tokens.Issue());

        _configuration["Orders:" + option] = value;
        Reload("secret-2");
        await Session.RefreshAsync(TestContext.Current.CancellationToken);

        Assert.Equal("secret-1", SecretOf(_tokens.ReceivedBodies.Single()));
        Assert.Contains(_logs.Messages, line => line.EventName == "RestartNeeded" && line.Text.Contains($"a restart for {option}, ClientSecret.", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Scope", "read")]
    [InlineData("AllowedOrigins:0", "https://other.example.com")]
    [InlineData("RefreshTimeout", "00:00:31")]
    public async Task Another_option_that_changes_is_logged_once_and_a_new_secret_is_used(string option, string value)
    {
        await Session.SignInAsync(_tokens.Issue());

        _configuration["Orders:" + option] = value;
        _configuration.Reload();
        Reload("secret-2");
        await Session.RefreshAsync(TestContext.Current.CancellationToken);

        Assert.Equal("secret-2", SecretOf(_tokens.ReceivedBodies.Single()));
        var line = Assert.Single(_logs.Messages, line => line.EventName == "RestartNeeded");
        Assert.Contains($"needs a restart for {option.Split(':')[0]}. Until then the old values are used.", line.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reload_that_changes_nothing_logs_nothing()
    {
        await Session.SignInAsync(_tokens.Issue());
        _configuration["Orders:Scope"] = "read";
        _configuration.Reload();

        _configuration["Orders:Scope"] = null;
        _configuration.Reload();
        _configuration.Reload();

        Assert.Single(_logs.Messages, line => line.EventName == "RestartNeeded");
    }

    [Fact]
    public void Every_option_that_isnt_code_is_compared()
    {
        var names = typeof(TokenRefreshOptions).GetProperties()
            .Where(option => !typeof(Delegate).IsAssignableFrom(option.PropertyType) && option.Name != nameof(TokenRefreshOptions.ClientSecret))
            .Select(option => option.Name);
        var changed = new TokenRefreshOptions
        {
            TokenEndpoint = new Uri("https://a"),
            Issuer = new Uri("https://a"),
            MetadataAddress = new Uri("https://a"),
            RevocationEndpoint = new Uri("https://a"),
            Protocol = TokenEndpointProtocol.SimpleJwt,
            GrantType = TokenGrantType.ClientCredentials,
            ClientId = "a",
            ClientAuthentication = ClientAuthentication.None,
            Scope = "a",
            Scheme = "a",
            ExtraParameters = { ["a"] = "a" },
            AllowedOrigins = { new Uri("https://a") },
            InsecureOrigins = { new Uri("http://a") },
            UserIdleTimeout = TimeSpan.FromHours(1),
            RefreshTimeout = TimeSpan.FromHours(1),
            RefreshWindow = TimeSpan.FromHours(1),
            ExpiryBuffer = TimeSpan.FromHours(1),
            MinRefreshInterval = TimeSpan.FromHours(1),
            RecheckInterval = TimeSpan.FromHours(1),
            MaxReplayBufferSize = 1,
            ReLoginResult = ReLoginResult.Throw,
            InteractiveSignInTimeout = TimeSpan.FromHours(1),
        };

        Assert.Equal(names.Order(StringComparer.Ordinal), FixedOptions.FindChanged(new TokenRefreshOptions(), changed).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_reload_after_the_end_of_the_app_changes_nothing()
    {
        await Session.SignInAsync(_tokens.Issue());
        await _app.DisposeAsync();

        Reload("secret-2");

        Assert.DoesNotContain(_logs.Messages, line => line.Text.Contains("has changed", StringComparison.Ordinal) || line.Text.Contains("isn't used", StringComparison.Ordinal));
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _tokens.Dispose();
        _logs.Dispose();
    }

    private static string SecretOf(string body) => body.Split('&').Single(pair => pair.StartsWith("client_secret=", StringComparison.Ordinal))["client_secret=".Length..];

    private void Reload(string? secret)
    {
        _configuration["Orders:ClientSecret"] = secret;
        _configuration.Reload();
    }
}

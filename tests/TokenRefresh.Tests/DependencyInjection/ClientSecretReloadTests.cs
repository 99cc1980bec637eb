using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using TokenRefresh.Tests.Support;
using Xunit;

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

        Assert.Equal(["secret-1", "secret-2"], _tokens.Bodies.Select(SecretOf));
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

        Assert.Equal("secret-2", SecretOf(_tokens.Bodies.Single()));
    }

    [Fact]
    public async Task A_configuration_that_is_wrong_isnt_used_and_is_logged()
    {
        await Session.SignInAsync(_tokens.Issue());

        Reload(secret: null);
        await Session.RefreshAsync(TestContext.Current.CancellationToken);

        Assert.Equal("secret-1", SecretOf(_tokens.Bodies.Single()));
        Assert.Contains(_logs.Messages, line => line.Text.Contains("the changed configuration isn't used: TokenRefresh client 'orders': ClientAuthentication is Post, but ClientSecret isn't set", StringComparison.Ordinal));
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

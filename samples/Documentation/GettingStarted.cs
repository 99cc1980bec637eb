using System.Globalization;
using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace TokenRefresh.Samples.Documentation;

/// <summary>docs/getting-started.md.</summary>
public static class GettingStarted
{
    public static async Task ConsoleAppAsync(string home)
    {
        var options = new TokenRefreshOptions
        {
            TokenEndpoint = new Uri("https://login.example.com/oauth/token"),
            ClientId = "shop",
            AllowedOrigins = { new Uri("https://api.example.com") },        // who gets the token
            SignInInteractively = async (_, ct) => await LogInAsync(ct),                // the saved login is dead: ask again, here and now
        };
        var keys = DataProtectionProvider.Create(new DirectoryInfo(Path.Combine(home, "keys")));
        await using var session = TokenSession.Create(
            options, new TokenSessionSettings { Store = new FileTokenStore(Path.Combine(home, "tokens")), Protector = new DataProtectionTokenProtector(keys) });
        using var client = new HttpClient(new TokenRefreshHandler(session) { InnerHandler = new SocketsHttpHandler() });

        if (await session.GetAccessTokenAsync() is null)
        {
            await session.SignInAsync(await LogInAsync());
        }

        Console.WriteLine(await client.GetStringAsync(new Uri("https://api.example.com/orders")));
    }

    public static IHost Worker(string[] args, string secret)
    {
        var builder = Host.CreateApplicationBuilder(args);
        builder.Services.AddHttpClient<ReportClient>(client => client.BaseAddress = new Uri("https://api.example.com"))
            .AddTokenRefreshHandler("reports");
        builder.Services.AddTokenSession("reports", options =>
        {
            options.GrantType = TokenGrantType.ClientCredentials;
            options.TokenEndpoint = new Uri("https://login.example.com/oauth/token");
            options.ClientId = "reporter";
            options.ClientSecret = secret;
        });
        builder.Services.AddHostedService<Reporter>();
        return builder.Build();
    }

    public static void Desktop(IServiceCollection services)
    {
        services.AddSingleton<LoginWindow>();
        services.AddHttpClient("orders", client => client.BaseAddress = new Uri("https://api.example.com"))
            .AddTokenRefreshHandler("orders");
        services.AddTokenSession("orders", options =>
        {
            options.TokenEndpoint = new Uri("https://login.example.com/oauth/token");
            options.ClientId = "shop";
        });
        services.AddOptions<TokenRefreshOptions>("orders")
            .Configure<LoginWindow>((options, login) => options.SignInInteractively = (e, ct) => login.AskAsync(ct));
    }

    private static Task<TokenSet> LogInAsync(CancellationToken cancellationToken = default) => Task.FromResult(new TokenSet("access", "refresh"));
}

/// <summary>Stands for a window, shown on the UI's thread.</summary>
public sealed class LoginWindow
{
    public Task<TokenSet?> AskAsync(CancellationToken cancellationToken) => Task.FromResult<TokenSet?>(new TokenSet("access", "refresh"));
}

public sealed class ReportClient(HttpClient client)
{
    public Task<string> ReadAsync(CancellationToken cancellationToken) => client.GetStringAsync("report", cancellationToken);
}

public sealed class Reporter(IServiceProvider services) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => services.GetRequiredService<ReportClient>().ReadAsync(stoppingToken);
}

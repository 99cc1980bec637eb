using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;

namespace TokenRefresh.Samples.Documentation;

/// <summary>docs/telemetry.md, docs/users.md, docs/no-token.md and SECURITY.md.</summary>
public static class Pages
{
    public static void Telemetry(IServiceCollection services)
    {
        services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics.AddMeter(TokenRefreshTelemetry.MeterName))
            .WithTracing(tracing => tracing.AddSource(TokenRefreshTelemetry.ActivitySourceName));
    }

    public static async Task UsersAsync(IServiceCollection services, TokenSessions sessions, string accessToken, string refreshToken)
    {
        services.AddHttpContextAccessor();
        services.AddHttpClient("orders", client => client.BaseAddress = new Uri("https://api.example.com"))
            .AddTokenRefreshHandler(options =>
            {
                options.TokenEndpoint = new Uri("https://login.example.com/oauth/token");
                options.ClientId = "shop";
                options.UserKey = (request, services) => services.GetRequiredService<IHttpContextAccessor>()
                    .HttpContext?.User.FindFirst("login")?.Value;
            });

        // After the app's own login. Add the key to the user's claims, as "login":
        var login = Guid.NewGuid().ToString();
        await sessions["orders", login].SignInAsync(new TokenSet(accessToken, refreshToken));
    }

    public static void DebugLog(IServiceCollection services)
    {
        services.AddLogging(b => b.AddConsole().AddFilter("TokenRefresh", LogLevel.Debug));
    }

    public static void Loggers(IServiceCollection services)
    {
        services.AddHttpClient("orders").RemoveAllLoggers();       // or, for all clients:
        services.ConfigureHttpClientDefaults(clients => clients.RemoveAllLoggers());
    }
}

using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace TokenRefresh.Samples.Documentation;

/// <summary>docs/notifications.md.</summary>
public static class Notifications
{
    public static void Recheck(IServiceCollection services)
    {
        services.AddHttpClient("orders", client => client.BaseAddress = new Uri("https://api.example.com"))
                .AddTokenRefreshHandler(options =>
                {
                    options.TokenEndpoint = new Uri("https://login.example.com/oauth/token");
                    options.ClientId = "shop";
                    options.RecheckInterval = TimeSpan.FromSeconds(30);
                });
    }

    public static void Postgres(IServiceCollection services)
    {
        services.AddTokenSession("orders")
                .UseStore(provider => new PostgresTokenStore(
                    new EntityFrameworkCoreTokenStore<AppDbContext>(provider.GetRequiredService<IServiceScopeFactory>()),
                    NpgsqlDataSource.Create("Host=db.example.com;Database=shop;Keepalive=30")))
                .UseDataProtection();
    }
}

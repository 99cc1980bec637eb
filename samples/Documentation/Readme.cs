using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.Samples.Documentation;

/// <summary>README.md and the pages of the packages, besides what samples/Readme runs.</summary>
public static class Readme
{
    public static async Task WithoutDependencyInjectionAsync(TokenRefreshOptions options)
    {
        await using var session = TokenSession.Create(options);                       // options.AllowedOrigins says who gets the token
        using var client = new HttpClient(new TokenRefreshHandler(session) { InnerHandler = new SocketsHttpHandler() });
    }

    public static void Stores(IServiceCollection services, string directory)
    {
        services.AddTokenSession("orders").UseFileStore(directory).UseDataProtection();
        services.AddTokenSession("orders").UseRedis("redis.example.com").UseDataProtection();
    }

    public static void SharedLogin(IServiceCollection services)
    {
        services.AddTokenSession("shop", options => options.ClientId = "shop");
        services.AddHttpClient("orders").AddTokenRefreshHandler("shop");
        services.AddHttpClient("stock").AddTokenRefreshHandler("shop");
    }
}

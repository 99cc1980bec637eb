using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.Samples.Documentation;

/// <summary>README.md and the pages of the packages, besides what samples/Readme runs.</summary>
public static class Readme
{
    private static readonly List<DateTimeOffset?> log = [];

    public static void Events(TokenSession session, TokenRefreshOptions options)
    {
        session.ReLoginRequired += (sender, e) => ShowLoginPage(e.Reason);   // once per dead login
        session.TokensRefreshed += (sender, e) => log.Add(e.ExpiresAt);
        options.SignInInteractively = async (e, ct) => await AskUserToLogInAsync(ct);    // desktop, mobile, CLI: held requests wait for the new tokens
    }

    public static async Task WithoutDependencyInjectionAsync(TokenRefreshOptions options)
    {
        await using var session = TokenSession.Create(options);                       // options.AllowedOrigins says who gets the token
        using var client = new HttpClient(new TokenRefreshHandler(session) { InnerHandler = new SocketsHttpHandler() });
    }

    public static void Stores(IServiceCollection services, string directory)
    {
        services.AddTokenSession("orders").UseFileStore(directory).UseDataProtection();          // several processes on one machine
        services.AddTokenSession("orders").UseRedis("redis.example.com").UseDataProtection();    // many machines: TokenRefresh.Redis
        services.AddTokenSession("orders").UseStore(new MyTokenStore()).UseDataProtection();     // your own: see LocalTokenStore
    }

    public static void SharedLogin(IServiceCollection services, IConfiguration configuration)
    {
        services.AddTokenSession("shop", options => options.ClientId = "shop");
        services.AddHttpClient("orders").AddTokenRefreshHandler("shop");
        services.AddHttpClient("stock").AddTokenRefreshHandler("shop");
        services.AddHttpClient("reports").AddTokenRefreshHandler(configuration.GetSection("Orders"));
    }

    private static void ShowLoginPage(ReLoginReason reason) => Console.WriteLine(reason);

    private static Task<TokenSet?> AskUserToLogInAsync(CancellationToken cancellationToken) => Task.FromResult<TokenSet?>(null);
}

/// <summary>The least that a store for one process at a time must do.</summary>
public sealed class MyTokenStore : LocalTokenStore
{
    private readonly Dictionary<TokenSessionKey, string> _texts = [];

    protected override ValueTask<string?> ReadTextAsync(TokenSessionKey key, CancellationToken cancellationToken) => new(_texts.GetValueOrDefault(key));

    protected override ValueTask WriteTextAsync(TokenSessionKey key, string text, CancellationToken cancellationToken)
    {
        _texts[key] = text;
        return default;
    }

    protected override ValueTask RemoveTextAsync(TokenSessionKey key, CancellationToken cancellationToken)
    {
        _texts.Remove(key);
        return default;
    }
}

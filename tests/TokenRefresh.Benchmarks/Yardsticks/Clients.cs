using Duende.IdentityModel.OidcClient;

namespace TokenRefresh.Benchmarks.Yardsticks;

/// <summary>One client per contender, each before the same inner handler, with the same token of 1,200 characters.</summary>
internal static class Clients
{
    public static readonly string Token = new('x', 1200);

    public static readonly string[] Names = ["no handler", "floor", "async handler", "TokenRefresh", "textbook semaphore", "OidcClient 7.1.1"];

    public static async Task<HttpMessageInvoker> CreateAsync(string name, HttpMessageHandler inner, Uri api, bool isBare = false)
    {
        var handler = await ChainAsync(name, inner, api);
        return isBare ? new HttpMessageInvoker(handler) : new HttpClient(handler);
    }

    private static async Task<HttpMessageHandler> ChainAsync(string name, HttpMessageHandler inner, Uri api) => name switch
    {
        "no handler" => inner,
        "floor" => new FloorHandler("Bearer " + Token) { InnerHandler = inner },
        "async handler" => new AsyncHandler("Bearer " + Token) { InnerHandler = inner },
        "textbook semaphore" => new TextbookHandler(Token, _ => Task.FromResult("new")) { InnerHandler = inner },
        "OidcClient 7.1.1" => new RefreshTokenDelegatingHandler(
            new OidcClient(new OidcClientOptions { Authority = "https://login.example.com", ClientId = "shop", RedirectUri = "https://app.example.com" }),
            Token,
            "refresh",
            innerHandler: inner),
        _ => new TokenRefreshHandler(await SignInAsync(api)) { InnerHandler = inner },
    };

    /// <summary>A session with a good token, for as long as a benchmark lasts.</summary>
    public static async Task<TokenSession> SignInAsync(Uri api, ITokenEndpoint? endpoint = null, string? token = null, Action<TokenRefreshOptions>? configure = null)
    {
        var options = new TokenRefreshOptions { TokenEndpoint = new Uri("https://login.example.com/token"), ClientId = "shop", AllowedOrigins = { api } };
        configure?.Invoke(options);
        var session = TokenSession.Create(options, new TokenSessionSettings { TokenEndpoint = endpoint });
        await session.SignInAsync(new TokenSet(token ?? Token, "refresh") { ExpiresAt = TimeProvider.System.GetUtcNow().AddHours(1) }, CancellationToken.None);
        return session;
    }
}

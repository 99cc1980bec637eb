using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using Polly;
using Polly.Retry;
using Refit;

namespace TokenRefresh.Samples.Documentation;

/// <summary>docs/composing.md.</summary>
public static class Composing
{
    public static void ResilienceInside(IServiceCollection services)
    {
        services.AddHttpClient("orders", c => c.BaseAddress = new Uri("https://api.example.com"))
                .AddTokenRefreshHandler(o => { Configure(o); })
                .AddStandardResilienceHandler();
    }

    public static void ResilienceOutside(IServiceCollection services)
    {
        static bool IsWorthRepeating(Outcome<HttpResponseMessage> outcome) =>
            outcome.Exception is not TokenRefreshException { IsTransient: false } && HttpClientResiliencePredicates.IsTransient(outcome);

        services.AddHttpClient("orders", c => c.BaseAddress = new Uri("https://api.example.com"))
                .AddStandardResilienceHandler(o =>
                {
                    o.Retry.ShouldHandle = args => new(IsWorthRepeating(args.Outcome));
                    o.CircuitBreaker.ShouldHandle = args => new(IsWorthRepeating(args.Outcome));
                });
        services.AddHttpClient("orders").AddTokenRefreshHandler(o => { Configure(o); });
    }

    public static void OtherHandlers(IServiceCollection services)
    {
        services.AddHttpClient("orders", c => c.BaseAddress = new Uri("https://api.example.com"))
                .AddHttpMessageHandler<CorrelationHandler>()     // outside: runs once for a request
                .AddTokenRefreshHandler("shop")
                .AddHttpMessageHandler<SigningHandler>();        // inside: runs again when the request is sent again
    }

    public static void TypedClients(IServiceCollection services)
    {
        services.AddTokenSession("shop", o => { Configure(o); });
        services.AddHttpClient<OrdersClient>(c => c.BaseAddress = new Uri("https://orders.example.com")).AddTokenRefreshHandler("shop");
        services.AddHttpClient<StockClient>(c => c.BaseAddress = new Uri("https://stock.example.com")).AddTokenRefreshHandler("shop");
    }

    public static void RefitClients(IServiceCollection services)
    {
        services.AddRefitGeneratedClient<IShopApi>()
            .ConfigureHttpClient(c => c.BaseAddress = new Uri("https://api.example.com"))
            .AddTokenRefreshHandler("shop");
    }

    public static void TokenCall(IServiceCollection services)
    {
        services.AddTokenSession("shop", o => o.ConfigureRefreshPipeline = pipeline => pipeline
            .AddRetry(new RetryStrategyOptions<TokenEndpointResult>
            {
                MaxRetryAttempts = 5,
                Delay = TimeSpan.FromSeconds(1),
                ShouldHandle = args => new(args.Outcome.Result is { Outcome: TokenEndpointOutcome.Transient, RefreshTokenMayBeUsed: false, RetryAfter: null }),
            }));
        services.AddTokenSession("shop").TokenEndpointClient
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5) });
    }

    private static void Configure(TokenRefreshOptions options)
    {
        options.TokenEndpoint = new Uri("https://login.example.com/oauth/token");
        options.ClientId = "shop";
    }
}

public interface IShopApi
{
    // Refit streams a body unless it is buffered. A streamed body can't be sent again.
    [Post("/orders")]
    Task<Receipt> OrderAsync([Body(buffered: true)] Order order);
}

public sealed record Order(int Number, string What);

public sealed record Receipt(int Number);

public sealed class CorrelationHandler : DelegatingHandler;

public sealed class SigningHandler : DelegatingHandler;

public sealed class OrdersClient(HttpClient client)
{
    public Task<string> ListAsync() => client.GetStringAsync("orders");
}

public sealed class StockClient(HttpClient client)
{
    public Task<string> ListAsync() => client.GetStringAsync("stock");
}

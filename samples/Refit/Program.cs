// A typed client by Refit. The handler is added to its HTTP client as to any other client.

using Microsoft.Extensions.DependencyInjection;
using Refit;
using TokenRefresh;
using TokenRefresh.Samples.Servers;

// This server replaces your login server and your API.
await using var server = await OAuthServer.StartAsync();

var services = new ServiceCollection();
services.AddTokenSession("shop", options =>
{
    options.TokenEndpoint = server.TokenEndpoint;
    options.ClientId = OAuthServer.ClientId;
    options.ClientSecret = OAuthServer.ClientSecret;
});
services.AddRefitGeneratedClient<IShopApi>()
    .ConfigureHttpClient(client => client.BaseAddress = server.Api)
    .AddTokenRefreshHandler("shop");
await using var provider = services.BuildServiceProvider();

var tokens = await server.SignInAsync();
await provider.GetRequiredService<TokenSessions>()["shop"].SignInAsync(new TokenSet(tokens.AccessToken, tokens.RefreshToken));
var shop = provider.GetRequiredService<IShopApi>();
Console.WriteLine($"signed in as {(await shop.GetMeAsync()).User}");

// The tokens of this server live for 2 s. The token of these twenty orders has expired, so each order is sent again with its body.
await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System);
var receipts = await Task.WhenAll(Enumerable.Range(1, 20).Select(number => shop.OrderAsync(new Order(number, "tea"))));

Console.WriteLine($"{receipts.Count(receipt => receipt.Length > 0)} orders, {server.Counters.Api401} refused, {server.Counters.Refreshes} refresh");
return receipts.All(receipt => receipt.Length > 0) && server.Counters is { Refreshes: 1, PresentedTwice: 0 } ? 0 : 1;

internal interface IShopApi
{
    [Get("/api/me")]
    Task<Me> GetMeAsync();

    // Refit streams a body unless it is buffered. A streamed body can't be sent again.
    [Post("/api/echo")]
    Task<Receipt> OrderAsync([Body(buffered: true)] Order order);
}

internal sealed record Me(string User);

internal sealed record Order(int Number, string What);

internal sealed record Receipt(string Sha256, long Length);

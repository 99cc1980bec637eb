// Sends a hundred requests with one expired token to an API in memory, with a login server in memory. It uses the packages alone.

using Microsoft.Extensions.DependencyInjection;
using TokenRefresh;
using TokenRefresh.Testing;

var tokens = new FakeTokenServer();
var api = new FakeApi(tokens);
var (accessToken, refreshToken) = (tokens.Issue().AccessToken, "refresh-1");

// An API and a login server in memory.
var services = new ServiceCollection();
services.AddHttpClient("orders").ConfigurePrimaryHttpMessageHandler(() => api);
services.AddTokenSession("orders").TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(() => tokens);

services.AddHttpClient("orders", client => client.BaseAddress = new Uri("https://api.example.com"))
    .AddTokenRefreshHandler(options =>
    {
        options.TokenEndpoint = new Uri("https://login.example.com/oauth/token");
        options.ClientId = "shop";
    });
await using var provider = services.BuildServiceProvider();     // in an app with a host, its services

// once, after the login:
await provider.GetRequiredService<TokenSessions>()["orders"].SignInAsync(new TokenSet(accessToken, refreshToken));

var session = provider.GetRequiredService<TokenSessions>()["orders"];
var raised = 0;
session.ReLoginRequired += (sender, e) => ShowLoginPage(e.Reason);   // once per ended login
session.TokensRefreshed += (sender, e) => Console.WriteLine($"refreshed; the next expiry is {e.ExpiresAt:t}");

// A hundred requests, one expired token.
var orders = provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
await SendAsync(1);
tokens.ExpireAccessTokens();
await SendAsync(100);
tokens.AssertRefreshes(1);

// The next login is revoked.
await session.SignInAsync(tokens.Issue());
tokens.ExpireAccessTokens();
tokens.RevokeRefreshTokens();
await SendAsync(100);
await SendAsync(100);
tokens.AssertRefreshes(2);
tokens.AssertNoRefreshTokenUsedTwice();

await WithoutDependencyInjection.CreateAsync();
Console.WriteLine($"an expired token and an ended login: {tokens.Calls} refreshes, {raised} login page");
return raised == 1 && session.State == TokenSessionState.ReLoginRequired ? 0 : 1;

void ShowLoginPage(ReLoginReason reason)
{
    raised++;
    Console.WriteLine($"log in again: {reason}");
}

async Task SendAsync(int count)
{
    var requests = new Task<HttpResponseMessage>[count];
    for (var i = 0; i < count; i++)
    {
        requests[i] = orders.GetAsync(new Uri("me", UriKind.Relative));
    }

    foreach (var response in await Task.WhenAll(requests))
    {
        response.Dispose();
    }
}

internal static class WithoutDependencyInjection
{
    public static async Task CreateAsync()
    {
        var options = new TokenRefreshOptions
        {
            TokenEndpoint = new Uri("https://login.example.com/oauth/token"),
            ClientId = "shop",
            AllowedOrigins = { new Uri("https://api.example.com") },
        };
        await using var session = TokenSession.Create(options);
        using var client = new HttpClient(new TokenRefreshHandler(session) { InnerHandler = new SocketsHttpHandler() });

        if (session.State != TokenSessionState.SignedOut)
        {
            throw new InvalidOperationException("A session without a sign-in is signed out.");
        }
    }
}

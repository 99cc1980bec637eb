// A service as the Aspire template writes it: it knows its API by name, and service discovery finds the address.

using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using TokenRefresh;
using TokenRefresh.Samples.Servers;

// This server replaces your login server and your API. Its tokens live for 2 s.
await using var server = await OAuthServer.StartAsync();

var builder = Host.CreateApplicationBuilder(args);
builder.AddServiceDefaults();

// The orchestrator passes the addresses in environment variables, such as services__api__http__0.
builder.Configuration.AddInMemoryCollection([
    new("Services:api:http:0", server.Api.GetLeftPart(UriPartial.Authority)),
    new("Services:login:http:0", server.TokenEndpoint.GetLeftPart(UriPartial.Authority)),
]);
builder.Services.AddHttpClient("orders", client => client.BaseAddress = new Uri("https+http://api"))
    .AddTokenRefreshHandler(options =>
    {
        options.TokenEndpoint = new Uri("https+http://login" + server.TokenEndpoint.AbsolutePath);
        options.ClientId = OAuthServer.ClientId;
        options.ClientSecret = OAuthServer.ClientSecret;
    });

using var host = builder.Build();
var tokens = await server.SignInAsync();
await host.Services.GetRequiredService<TokenSessions>()["orders"].SignInAsync(new TokenSet(tokens.AccessToken, tokens.RefreshToken));
var client = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient("orders");

// Wait until the access token has expired.
var refused = 0;
for (var round = 0; round < 6; round++)
{
    var responses = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.GetAsync(new Uri("api/me", UriKind.Relative))));
    refused += responses.Count(response => !response.IsSuccessStatusCode);
    await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System);
}

var counters = server.Counters;
Console.WriteLine($"{counters.Api200} requests answered, {refused} refused, {counters.Refreshes} refreshes, {counters.PresentedTwice} refresh tokens used twice");
return refused == 0 && counters is { Refreshes: > 0, RefreshPeak: 1, PresentedTwice: 0 } ? 0 : 1;

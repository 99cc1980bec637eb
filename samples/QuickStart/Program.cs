// Starts an OAuth server and an API in this process, and sends a hundred requests with an expired token.

using System.Globalization;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Spectre.Console;
using TokenRefresh;
using TokenRefresh.Samples;
using TokenRefresh.Samples.Servers;

AnsiConsole.Write(new Rule("[bold]A hundred requests and one expired token[/]").LeftJustified());
AnsiConsole.WriteLine("Shows that a hundred requests need one refresh. It takes about 10 seconds.");
AnsiConsole.WriteLine("Each result says what the API answered, and what the app received.");
AnsiConsole.WriteLine("Starting an OAuth server and an API. An access token is valid for 3 seconds.");
await using var server = await OAuthServer.StartAsync(new OAuthServerOptions { AccessTokenLifetime = TimeSpan.FromSeconds(3) });

var services = new ServiceCollection();
services.AddHttpClient("orders", client => client.BaseAddress = server.Api)
    .AddTokenRefreshHandler(options =>
    {
        options.TokenEndpoint = server.TokenEndpoint;
        options.ClientId = OAuthServer.ClientId;
        options.ClientSecret = OAuthServer.ClientSecret;
    });
await using var provider = services.BuildServiceProvider();

var session = provider.GetRequiredService<TokenSessions>()["orders"];
var reLogins = 0;
session.ReLoginRequired += (_, e) =>
{
    Interlocked.Increment(ref reLogins);
    AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"  [yellow]event ReLoginRequired[/]: show the login page now ({e.Reason}, {e.Error})");
};

var storm = new Storm(
    () => provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders"),
    () => new Storm.Counts(server.Counters.Refreshes, server.Counters.Api200, server.Counters.Api401));

AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"  OAuth server {server.TokenEndpoint}");
AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"  API          {server.Api}");

// ExpiresAt isn't set here. With it, the token would be refreshed before its expiry, and there would be no 401 to show.
var tokens = await server.SignInAsync();
await session.SignInAsync(new TokenSet(tokens.AccessToken, tokens.RefreshToken));
await storm.SendAsync("1. One request with a valid token", requests: 1, new Storm.Expected(Refreshes: 0, Api401: 0, HttpStatusCode.OK));

await Storm.WaitUntilRejectedAsync(server.Api, tokens.AccessToken);
server.Gather(100);
await storm.SendAsync("2. A hundred requests with an expired token: one refresh, each is sent again", requests: 100, new Storm.Expected(Refreshes: 1, Api401: 100, HttpStatusCode.OK));

await server.RevokeAsync();
await Storm.WaitUntilRejectedAsync(server.Api, (await session.GetAccessTokenAsync())!);
await storm.SendAsync("3. A hundred requests, the refresh token is revoked: the login ends once", requests: 100, new Storm.Expected(Refreshes: 1, Api401: null, HttpStatusCode.Unauthorized));
await storm.SendAsync("4. A hundred more requests: the login has ended, so none reaches the API", requests: 100, new Storm.Expected(Refreshes: 0, Api401: 0, HttpStatusCode.Unauthorized));

tokens = await server.SignInAsync();
await session.SignInAsync(new TokenSet(tokens.AccessToken, tokens.RefreshToken) { ExpiresAt = TimeProvider.System.GetUtcNow() + tokens.ExpiresIn });
await storm.SendAsync("5. A hundred requests after the user has signed in again", requests: 100, new Storm.Expected(Refreshes: 0, Api401: 0, HttpStatusCode.OK));

return storm.Report(reLogins);

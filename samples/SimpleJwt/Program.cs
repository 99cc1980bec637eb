// A hundred requests with one expired token, against a real Django REST framework server and Simple JWT, with rotation and blacklisting.

using System.Globalization;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Spectre.Console;
using TokenRefresh;
using TokenRefresh.Samples;
using TokenRefresh.Samples.Servers;

if (SimpleJwtServer.MissingReason is { } reason)
{
    AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"[yellow]This sample needs a Django server.[/] {reason}");
    return 2;
}

AnsiConsole.Write(new Rule("[bold]A hundred requests and one expired token, Django Simple JWT[/]").LeftJustified());
AnsiConsole.WriteLine("Shows that a hundred requests need one refresh. It takes about 10 seconds.");
AnsiConsole.WriteLine("Each result says what the API answered, and what the app received.");
AnsiConsole.WriteLine("Starting a Django server.");
await using var server = await SimpleJwtServer.StartAsync(new SimpleJwtServerOptions { IsStrict = true });

var services = new ServiceCollection();
services.AddHttpClient("orders", client => client.BaseAddress = server.Address)
    .AddTokenRefreshHandler(options =>
    {
        options.Protocol = TokenEndpointProtocol.SimpleJwt;
        options.TokenEndpoint = server.TokenEndpoint;
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
    () =>
    {
        var stats = server.GetStatsAsync().GetAwaiter().GetResult();
        return new Storm.Counts(stats.Refreshes, stats.Api200, stats.Api401);
    });

var tokens = await server.SignInAsync();
await session.SignInAsync(new TokenSet(tokens.Access, tokens.Refresh));
await storm.SendAsync("1. One request with a valid token", requests: 1, new Storm.Expected(Refreshes: 0, Api401: 0, HttpStatusCode.OK));

await Storm.WaitUntilRejectedAsync(server.Address, tokens.Access);
await storm.SendAsync("2. A hundred requests with an expired token: one refresh, each is sent again", requests: 100, new Storm.Expected(Refreshes: 1, Api401: null, HttpStatusCode.OK));

await server.RevokeAsync();
await Storm.WaitUntilRejectedAsync(server.Address, (await session.GetAccessTokenAsync())!);
await storm.SendAsync("3. A hundred requests, the refresh token is blacklisted: the login ends once", requests: 100, new Storm.Expected(Refreshes: 1, Api401: null, HttpStatusCode.Unauthorized));
await storm.SendAsync("4. A hundred more requests: the login has ended, so none reaches the API", requests: 100, new Storm.Expected(Refreshes: 0, Api401: 0, HttpStatusCode.Unauthorized));

tokens = await server.SignInAsync();
await session.SignInAsync(new TokenSet(tokens.Access, tokens.Refresh));
await storm.SendAsync("5. A hundred requests after the user has signed in again", requests: 100, new Storm.Expected(Refreshes: 0, Api401: 0, HttpStatusCode.OK));

return storm.Report(reLogins);

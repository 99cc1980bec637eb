// The same storm against a real Django REST framework server with Simple JWT, rotation and blacklisting on.

using System;
using System.Globalization;
using System.Net;
using System.Net.Http;
using System.Threading;
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
    AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"  [yellow]event[/] ReLoginRequired: {e.Reason} ({e.Error})");
};

var storm = new Storm(
    () => provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders"),
    () =>
    {
        var stats = server.GetStatsAsync().GetAwaiter().GetResult();
        return new Storm.Counts(stats.Refreshes, stats.Api200, stats.Api401);
    });

AnsiConsole.Write(new Rule("[bold]A hundred requests, one expired token, Django Simple JWT[/]").LeftJustified());

var tokens = await server.SignInAsync();
await session.SignInAsync(new TokenSet(tokens.Access, tokens.Refresh));
await storm.SendAsync("signed in", requests: 1, new Storm.Expected(Refreshes: 0, Api401: 0, HttpStatusCode.OK));

await Storm.WaitUntilRefusedAsync(server.Address, tokens.Access);
await storm.SendAsync("token expired", requests: 100, new Storm.Expected(Refreshes: 1, Api401: null, HttpStatusCode.OK));

await server.RevokeAsync();
await Storm.WaitUntilRefusedAsync(server.Address, (await session.GetAccessTokenAsync())!);
await storm.SendAsync("refresh token blacklisted", requests: 100, new Storm.Expected(Refreshes: 1, Api401: null, HttpStatusCode.Unauthorized));
await storm.SendAsync("and once more", requests: 100, new Storm.Expected(Refreshes: 0, Api401: 0, HttpStatusCode.Unauthorized));

tokens = await server.SignInAsync();
await session.SignInAsync(new TokenSet(tokens.Access, tokens.Refresh));
await storm.SendAsync("signed in again", requests: 100, new Storm.Expected(Refreshes: 0, Api401: 0, HttpStatusCode.OK));

return storm.Report(reLogins);

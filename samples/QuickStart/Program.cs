// Starts a real OAuth server and an API in this process, and lets a hundred requests run into an expired token.

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
    AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"  [yellow]event[/] ReLoginRequired: {e.Reason} ({e.Error})");
};

var storm = new Storm(
    () => provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders"),
    () => new Storm.Counts(server.Counters.Refreshes, server.Counters.Api200, server.Counters.Api401));

AnsiConsole.Write(new Rule("[bold]A hundred requests, one expired token[/]").LeftJustified());
AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"  OAuth server {server.TokenEndpoint}");
AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"  API          {server.Api}");

// The expiry isn't told, so that the server finds it out: else the token would be refreshed ahead, and nobody would see a 401.
var tokens = await server.SignInAsync();
await session.SignInAsync(new TokenSet(tokens.AccessToken, tokens.RefreshToken));
await storm.SendAsync("signed in", requests: 1, new Storm.Expected(Refreshes: 0, Api401: 0, HttpStatusCode.OK));

await Storm.WaitUntilRefusedAsync(server.Api, tokens.AccessToken);
server.Gather(100);
await storm.SendAsync("token expired", requests: 100, new Storm.Expected(Refreshes: 1, Api401: 100, HttpStatusCode.OK));

await server.RevokeAsync();
await Storm.WaitUntilRefusedAsync(server.Api, (await session.GetAccessTokenAsync())!);
await storm.SendAsync("refresh token revoked", requests: 100, new Storm.Expected(Refreshes: 1, Api401: null, HttpStatusCode.Unauthorized));
await storm.SendAsync("and once more", requests: 100, new Storm.Expected(Refreshes: 0, Api401: 0, HttpStatusCode.Unauthorized));

tokens = await server.SignInAsync();
await session.SignInAsync(new TokenSet(tokens.AccessToken, tokens.RefreshToken) { ExpiresAt = TimeProvider.System.GetUtcNow() + tokens.ExpiresIn });
await storm.SendAsync("signed in again", requests: 100, new Storm.Expected(Refreshes: 0, Api401: 0, HttpStatusCode.OK));

return storm.Report(reLogins);

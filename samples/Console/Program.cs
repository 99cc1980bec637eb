// A command-line tool without a container. Its login outlives the process: encrypted files, shared by all copies that run.

using System;
using System.IO;
using System.Net;
using System.Net.Http;
using System.Threading.Tasks;
using Microsoft.AspNetCore.DataProtection;
using TokenRefresh;
using TokenRefresh.Samples.Servers;

// Stands for your login server and your API. Its tokens live for 2 s, so that runs of this tool meet expiries.
await using var server = await OAuthServer.StartAsync();
var home = Directory.CreateTempSubdirectory("tokenrefresh-console-").FullName;
var logins = 0;

for (var run = 1; run <= 4; run++)
{
    Console.WriteLine($"run {run}: {await RunAsync()}, logins {logins}, refreshes {server.Counters.Refreshes}");
    await Task.Delay(TimeSpan.FromSeconds(1.5), TimeProvider.System);
}

Directory.Delete(home, recursive: true);
return logins == 1 && server.Counters is { Refreshes: > 0, PresentedTwice: 0 } ? 0 : 1;

// What the tool does each time it is started.
async Task<HttpStatusCode> RunAsync()
{
    var options = new TokenRefreshOptions
    {
        TokenEndpoint = server.TokenEndpoint,
        ClientId = OAuthServer.ClientId,
        ClientSecret = OAuthServer.ClientSecret,
        AllowedOrigins = { server.Api },

        // When a saved login has died meanwhile: whoever waits for a token waits for the new login.
        SignInInteractively = async (_, _) => await LogInAsync(),
    };
    var keys = DataProtectionProvider.Create(new DirectoryInfo(Path.Combine(home, "keys")));
    await using var session = TokenSession.Create(
        options, new TokenSessionSettings
        {
            Store = new FileTokenStore(Path.Combine(home, "tokens")),
            Protector = new DataProtectionTokenProtector(keys),
        });
    using var client = new HttpClient(new TokenRefreshHandler(session) { InnerHandler = new SocketsHttpHandler() });

    if (await session.GetAccessTokenAsync() is null)
    {
        await session.SignInAsync(await LogInAsync());
    }

    using var response = await client.GetAsync(new Uri(server.Api, "api/me"));
    return response.StatusCode;
}

// Where you would open a browser, or ask for a password.
async Task<TokenSet> LogInAsync()
{
    logins++;
    var tokens = await server.SignInAsync();
    return new TokenSet(tokens.AccessToken, tokens.RefreshToken) { ExpiresAt = TimeProvider.System.GetUtcNow() + tokens.ExpiresIn };
}

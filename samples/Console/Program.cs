// A command-line tool without a container. Its login is saved in encrypted files, which all running copies of the tool share.

using System.Net;
using Microsoft.AspNetCore.DataProtection;
using TokenRefresh;
using TokenRefresh.Samples.Servers;

// This server replaces your login server and your API. Its tokens live for 2 s, so that they expire between the runs of this tool.
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

// The tool does this each time it is started.
async Task<HttpStatusCode> RunAsync()
{
    var options = new TokenRefreshOptions
    {
        TokenEndpoint = server.TokenEndpoint,
        ClientId = OAuthServer.ClientId,
        ClientSecret = OAuthServer.ClientSecret,
        AllowedOrigins = { server.Api },

        // Called if the saved login has ended. Requests that need a token wait for the new login.
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

// Open a browser or ask for a password here.
async Task<TokenSet> LogInAsync()
{
    logins++;
    var tokens = await server.SignInAsync();
    return new TokenSet(tokens.AccessToken, tokens.RefreshToken) { ExpiresAt = TimeProvider.System.GetUtcNow() + tokens.ExpiresIn };
}

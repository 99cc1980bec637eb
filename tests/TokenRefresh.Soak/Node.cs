using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Serialization;
using StackExchange.Redis;
using TokenRefresh.Samples.Servers;

namespace TokenRefresh.Soak;

/// <summary>
/// One process of the app: a few users share it, their logins are in Redis, and it does at random what apps do. It says on its output when
/// a token call begins and ends, so that the supervisor knows whether a kill cut off a refresh.
/// </summary>
internal sealed class Node(string redis, Uri api, Uri tokenEndpoint)
{
    public const int Users = 5;
    private const int Workers = 4;

    private readonly HttpClient _server = new();

    public async Task RunAsync()
    {
        using var connection = await ConnectionMultiplexer.ConnectAsync(redis);
        var store = new RedisTokenStore(connection);
        using var primary = new SocketsHttpHandler { AllowAutoRedirect = false };
        var users = new List<User>();
        for (var i = 0; i < Users; i++)
        {
            var user = new User($"user-{i}");
            user.Session = TokenSession.Create(OptionsOf(user), new TokenSessionSettings { Store = store, TokenEndpointHandler = new FaultyBackchannel(user.Name), Name = user.Name, AllowUnencryptedStore = true });
            user.Session.TokensRefreshed += (_, _) => Say("end " + user.Name);
            user.Client = new HttpClient(new TokenRefreshHandler(user.Session) { InnerHandler = primary }, disposeHandler: false) { BaseAddress = api };
            users.Add(user);
        }

        using var stopping = new CancellationTokenSource();
        var work = Enumerable.Range(0, Workers).Select(_ => Task.Run(() => WorkAsync(users, stopping.Token))).ToArray();
        var telling = TellAsync(stopping.Token);

        // The end of the input is the end of the node.
        await Console.In.ReadLineAsync(CancellationToken.None);
        await stopping.CancelAsync();
        await Task.WhenAll([.. work, telling]);
        foreach (var user in users)
        {
            await user.Session!.DisposeAsync();
        }
    }

    private TokenRefreshOptions OptionsOf(User user) => new()
    {
        TokenEndpoint = tokenEndpoint,
        ClientId = OAuthServer.ClientId,
        ClientSecret = OAuthServer.ClientSecret,
        AllowedOrigins = { api },
        MinRefreshInterval = TimeSpan.Zero,
        OnReLoginRequired = (_, e, _) =>
        {
            Say($"relogin {user.Name} {e.Reason}");
            return Task.CompletedTask;
        },
    };

    private async Task WorkAsync(List<User> users, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            var user = users[Random.Shared.Next(users.Count)];
            try
            {
                await ActAsync(user);
            }
            catch (OperationCanceledException)
            {
                Say("count cancelled");
            }
            catch (TokenRefreshException e)
            {
                Say("count " + e.Failure);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(40)), TimeProvider.System, CancellationToken.None);
        }
    }

    private async Task ActAsync(User user)
    {
        if (Random.Shared.Next(2000) == 0)
        {
            await user.Session!.SignOutAsync();
        }

        using var leaving = new CancellationTokenSource();
        if (Random.Shared.Next(10) == 0)
        {
            leaving.CancelAfter(TimeSpan.FromMilliseconds(Random.Shared.Next(50)));
        }

        using var response = await user.Client!.GetAsync(new Uri("api/me", UriKind.Relative), leaving.Token);
        Say("count " + (int)response.StatusCode);
        if (response.StatusCode == HttpStatusCode.Unauthorized && user.Session!.State is TokenSessionState.SignedOut or TokenSessionState.ReLoginRequired)
        {
            await LogInAsync(user);
        }
    }

    private async Task LogInAsync(User user)
    {
        // One login page at a time, as a browser would show it.
        if (!await user.Page.WaitAsync(0))
        {
            return;
        }

        try
        {
            using var form = new FormUrlEncodedContent(new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["grant_type"] = "password",
                ["username"] = user.Name,
                ["password"] = "any",
                ["scope"] = "offline_access",
                ["client_id"] = OAuthServer.ClientId,
                ["client_secret"] = OAuthServer.ClientSecret,
            });
            using var response = await _server.PostAsync(tokenEndpoint, form);
            var answer = (await response.Content.ReadFromJsonAsync<Answer>())!;
            await user.Session!.SignInAsync(new TokenSet(answer.AccessToken, answer.RefreshToken) { ExpiresAt = TimeProvider.System.GetUtcNow().AddSeconds(answer.ExpiresIn) });
            Say("count login");
        }
        finally
        {
            user.Page.Release();
        }
    }

    /// <summary>What it holds: managed bytes, open handles but for those of loaded assemblies, threads, TCP connections.</summary>
    private static async Task TellAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            using var process = Process.GetCurrentProcess();
            var handles = Directory.GetFileSystemEntries("/proc/self/fd").Select(handle => new FileInfo(handle).LinkTarget ?? "").ToList();
            var open = handles.Count(handle => !handle.EndsWith(".dll", StringComparison.Ordinal));
            var sockets = handles.Count(handle => handle.StartsWith("socket:", StringComparison.Ordinal));
            Say($"holds {GC.GetTotalMemory(forceFullCollection: false)} {open} {process.Threads.Count} {sockets}");
            await Task.WhenAny(Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System, stopping));
        }
    }

    internal static void Say(string line)
    {
        lock (Console.Out)
        {
            Console.Out.WriteLine(line);
            Console.Out.Flush();
        }
    }

    private sealed class User(string name)
    {
        public string Name => name;

        public SemaphoreSlim Page { get; } = new(1);

        public TokenSession? Session { get; set; }

        public HttpClient? Client { get; set; }
    }

    private sealed record Answer(
        [property: JsonPropertyName("access_token")] string AccessToken,
        [property: JsonPropertyName("refresh_token")] string RefreshToken,
        [property: JsonPropertyName("expires_in")] int ExpiresIn);
}

using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Benchmarks.Yardsticks;
using TokenRefresh.TestKit;

namespace TokenRefresh.Benchmarks.Runs;

/// <summary>A server with many users: what each takes, how long the first request of one takes, and what is left when they are gone.</summary>
internal static class Sessions
{
    private const int TokenLength = 100;

    public static async Task RunAsync(Report report, bool isSmoke)
    {
        var costs = new List<(double, double)>();
        foreach (var count in isSmoke ? [100, 1_000] : new[] { 1, 100, 1_000, 10_000, 100_000 })
        {
            costs.Add((count, await CostPerRequestAsync(count, isSmoke ? 2_000 : 50_000)));
        }

        report.Add("sessions: ns per request", costs);
        report.Add("sessions: bytes each", await BytesEachAsync(100_000));
        report.Add("sessions: bytes each when idle", await IdleBytesEachAsync(isSmoke ? 2_000 : 100_000));
    }

    private static async Task<double> BytesEachAsync(int count)
    {
        var (users, refreshTokens) = Names(count);
        await using var provider = Provider(TimeProvider.System, store: null);
        var sessions = provider.GetRequiredService<TokenSessions>();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var user = 0; user < count; user++)
        {
            await sessions["api", users[user]].SignInAsync(
                new TokenSet(new string('x', TokenLength), refreshTokens[user]) { ExpiresAt = TimeProvider.System.GetUtcNow().AddHours(1) });
        }

        // The access token, which is kept as the header's value, isn't counted.
        var header = 22 + (2 * ("Bearer ".Length + TokenLength));
        var each = ((double)(GC.GetTotalMemory(forceFullCollection: true) - before) / count) - header;
        GC.KeepAlive(users);
        GC.KeepAlive(refreshTokens);
        GC.KeepAlive(sessions);
        return each;
    }

    /// <summary>The memory of unused sessions whose logins are in a store, without the store's own records.</summary>
    private static async Task<double> IdleBytesEachAsync(int count)
    {
        var (users, refreshTokens) = Names(count);
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(60));
        var store = new MemoryTokenStore(time);
        for (var user = 0; user < count; user++)
        {
            await new OtherProcess(store, new TokenSessionKey("api", users[user])).SignInAsync(new TokenSet("x"));
        }

        await using var provider = Provider(time, store);
        var sessions = provider.GetRequiredService<TokenSessions>();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await UseAllAsync(sessions, users);
        for (var sweep = 0; sweep < 3; sweep++)
        {
            time.Advance(TimeSpan.FromMinutes(20));
            GC.Collect();
        }

        var left = (double)(GC.GetTotalMemory(forceFullCollection: true) - before) / count;
        GC.KeepAlive(refreshTokens);
        GC.KeepAlive(store);
        return left;
    }

    private static async Task UseAllAsync(TokenSessions sessions, string[] users)
    {
        foreach (var user in users)
        {
            await sessions["api", user].GetAccessTokenAsync();
        }
    }

    /// <summary>Nanoseconds of a request with a good token, of users in turns.</summary>
    private static async Task<double> CostPerRequestAsync(int count, int requests)
    {
        var (users, refreshTokens) = Names(count);
        await using var provider = Provider(TimeProvider.System, store: null);
        var sessions = provider.GetRequiredService<TokenSessions>();
        for (var user = 0; user < count; user++)
        {
            await sessions["api", users[user]].SignInAsync(new TokenSet("good", refreshTokens[user]));
        }

        var invoker = provider.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler("api");
        using var client = new HttpMessageInvoker(invoker, disposeHandler: false);
        var best = double.MaxValue;
        for (var round = 0; round < 7; round++)
        {
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < requests; i++)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, StubApi.Address).UseTokenUser(users[i % 1_000 * Math.Max(1, count / 1_000) % count]);
                using var response = await client.SendAsync(request, CancellationToken.None);
            }

            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalNanoseconds / requests);
        }

        return best;
    }

    private static ServiceProvider Provider(TimeProvider time, ITokenStore? store)
    {
        var services = new ServiceCollection();
        services.AddSingleton(time);
        services.AddHttpClient("api", client => client.BaseAddress = StubApi.Address)
            .ConfigurePrimaryHttpMessageHandler(() => new StubApi())
            .RemoveAllLoggers()
            .AddTokenRefreshHandler(options =>
            {
                options.TokenEndpoint = new Uri("https://login.example.com/token");
                options.ClientId = "shop";
            });
        if (store is not null)
        {
            services.AddTokenSession("api").UseStore(store);
        }

        return services.BuildServiceProvider();
    }

    private static (string[] Users, string[] RefreshTokens) Names(int count)
    {
        var users = Enumerable.Range(0, count).Select(user => $"user-{user:000000}").ToArray();
        return (users, [.. users.Select(user => "refresh of " + user)]);
    }
}

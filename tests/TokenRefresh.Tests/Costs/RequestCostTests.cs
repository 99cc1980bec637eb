using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Costs;

/// <summary>What the handler costs, in bytes and in the time after a refresh.</summary>
[Collection("Costs")]
public sealed class RequestCostTests
{
    private const int Rounds = 2_000;
    private static readonly Uri Address = new("https://api.example.com/me");

    [Fact]
    public async Task A_request_with_a_good_token_allocates_at_most_300_bytes_more()
    {
        using var session = TokenSession.Create(Options());
        await session.SignInAsync(new TokenSet(new string('x', 1200), "refresh") { ExpiresAt = TimeProvider.System.GetUtcNow().AddHours(1) });
        using var plain = new HttpClient(new InstantApi());
        using var guarded = new HttpClient(new TokenRefreshHandler(session) { InnerHandler = new InstantApi() });

        var without = BytesPerRequest(plain);
        var with = BytesPerRequest(guarded);

        TestContext.Current.TestOutputHelper?.WriteLine($"{without} bytes without, {with} with the handler");
        Assert.InRange(with - without, 0, 300);
    }

    [Fact]
    public async Task Ten_thousand_held_requests_are_through_within_50_ms_of_the_outcome()
    {
        using var nobodyListens = Canary.CoverEars();
        var best = TimeSpan.MaxValue;
        var yardstick = TimeSpan.MaxValue;
        var limit = TimeSpan.Zero;

        // Other processes may take the cores for a while. A convoy takes many times as long in every attempt.
        for (var attempt = 0; attempt < 5 || (attempt < 25 && best >= limit); attempt++)
        {
            best = Shorter(best, await DrainAsync(10_000));
            yardstick = Shorter(yardstick, await DrainYardstickAsync(10_000));

            // On a machine that is busy with something else, as many bare waiters take their time too.
            limit = yardstick * 12 > TimeSpan.FromMilliseconds(50) ? yardstick * 12 : TimeSpan.FromMilliseconds(50);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"drained in {best.TotalMilliseconds} ms, bare waiters in {yardstick.TotalMilliseconds} ms");
        Assert.True(best < limit, $"The best of all attempts took {best.TotalMilliseconds} ms, bare waiters {yardstick.TotalMilliseconds} ms.");
    }

    [Fact]
    public async Task A_signed_in_user_takes_at_most_400_bytes_beside_the_tokens()
    {
        // Below zero, memory of earlier tests was freed in between: such a measurement is repeated.
        var each = await MeasureUserAsync();
        for (var repeated = 0; each < 0 && repeated < 5; repeated++)
        {
            each = await MeasureUserAsync();
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{each} bytes each");
        Assert.InRange(each, 0, 400);
    }

    private static async Task<long> MeasureUserAsync()
    {
        const int count = 20_000;
        var users = Enumerable.Range(0, count).Select(user => $"user-{user:00000}").ToArray();
        var refreshTokens = users.Select(user => "refresh of " + user).ToArray();
        var services = new ServiceCollection();
        services.AddHttpClient("orders", client => client.BaseAddress = Address).AddTokenRefreshHandler(options =>
        {
            options.TokenEndpoint = new Uri("https://login.example.com/token");
            options.ClientId = "shop";
        });
        await using var provider = services.BuildServiceProvider();
        var sessions = provider.GetRequiredService<TokenSessions>();

        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var user = 0; user < count; user++)
        {
            await sessions["orders", users[user]].SignInAsync(
                new TokenSet(new string('x', 100), refreshTokens[user]) { ExpiresAt = TimeProvider.System.GetUtcNow().AddHours(1) });
        }

        var header = 22 + (2 * "Bearer ".Length) + 200;
        var each = ((GC.GetTotalMemory(forceFullCollection: true) - before) / count) - header;
        GC.KeepAlive(users);
        GC.KeepAlive(refreshTokens);
        GC.KeepAlive(sessions);
        return each;
    }

    private static long BytesPerRequest(HttpClient client)
    {
        for (var i = 0; i < Rounds; i++)
        {
            Send(client);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Rounds; i++)
        {
            Send(client);
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before) / Rounds;
    }

    private static void Send(HttpClient client)
    {
        var request = client.GetAsync(Address, HttpCompletionOption.ResponseHeadersRead);

        // All on this thread, or the count would miss something.
        Assert.True(request.IsCompletedSuccessfully);
        request.Result.Dispose();
    }

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;

    /// <summary>As many requests that only wait for a task and are then sent.</summary>
    private static async Task<TimeSpan> DrainYardstickAsync(int count)
    {
        var outcome = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var invoker = new HttpMessageInvoker(new InstantApi());
        var requests = Enumerable.Range(0, count).Select(_ => WaitAndSendAsync()).ToArray();

        var watch = Stopwatch.StartNew();
        outcome.SetResult();
        await Task.WhenAll(requests);
        return watch.Elapsed;

        async Task WaitAndSendAsync()
        {
            await outcome.Task;
            using var response = await invoker.SendAsync(new HttpRequestMessage(HttpMethod.Get, Address), CancellationToken.None);
        }
    }

    private static async Task<TimeSpan> DrainAsync(int count)
    {
        var endpoint = new HeldEndpoint();
        await using var session = TokenSession.Create(Options(), new TokenSessionSettings { TokenEndpoint = endpoint });
        await session.SignInAsync(new TokenSet("old", "refresh"));
        using var invoker = new HttpMessageInvoker(new TokenRefreshHandler(session) { InnerHandler = new InstantApi("new") });
        var requests = Enumerable.Range(0, count)
            .Select(_ => invoker.SendAsync(new HttpRequestMessage(HttpMethod.Get, Address), CancellationToken.None))
            .ToArray();

        var watch = Stopwatch.StartNew();
        endpoint.Gate.Open();
        var responses = await Task.WhenAll(requests).WaitAsync(Gate.FailSafe, TimeProvider.System);
        var elapsed = watch.Elapsed;

        Assert.All(responses, response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
        return elapsed;
    }

    private static TokenRefreshOptions Options() => new()
    {
        TokenEndpoint = new Uri("https://login.example.com/token"),
        ClientId = "shop",
        AllowedOrigins = { Address },
    };

    private sealed class HeldEndpoint : ITokenEndpoint
    {
        public Gate Gate { get; } = new();

        public async Task<TokenEndpointResult> RequestTokenAsync(TokenEndpointRequest request, CancellationToken cancellationToken)
        {
            await Gate.PassAsync(cancellationToken);
            return TokenEndpointResult.Succeeded(new TokenSet("new", "next"));
        }
    }

    private sealed class InstantApi(string? onlyToken = null) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var isGood = onlyToken is null || request.Headers.NonValidated["Authorization"].ToString() == "Bearer " + onlyToken;
            return Task.FromResult(new HttpResponseMessage(isGood ? HttpStatusCode.OK : HttpStatusCode.Unauthorized) { RequestMessage = request });
        }
    }
}

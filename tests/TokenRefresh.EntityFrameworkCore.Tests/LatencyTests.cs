using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;

namespace TokenRefresh.EntityFrameworkCore.Tests;

/// <summary>Nodes with services of their own over one PostgreSQL: who refreshes, and how long the last of the others waits.</summary>
[Collection("Alone")]
public sealed class LatencyTests(PostgresFixture server)
{
    private const int Count = 32;
    private const int Rounds = 5;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    [Fact]
    [Trait("Case", "C3")]
    public async Task Of_32_nodes_one_refreshes_and_the_last_has_the_new_token_within_two_polls()
    {
        await using var database = await server.CreateAsync("Maximum Pool Size=64");
        var endpoint = new SlowEndpoint();
        var nodes = Enumerable.Range(0, Count).Select(_ => CreateNode(database, endpoint)).ToArray();
        var sessions = nodes.Select(node => node.GetRequiredService<TokenSessions>()["orders"]).ToArray();
        await sessions[0].SignInAsync(new TokenSet("access-0", "refresh-0"));
        var waits = new List<double>();
        for (var round = 1; round <= Rounds; round++)
        {
            await Task.WhenAll(sessions.Select(session => session.GetAccessTokenAsync()));
            var ends = await Task.WhenAll(sessions.Select(session => Task.Run(() => RefreshAsync(session))))
                .WaitAsync(Gate.FailSafe, TimeProvider.System);
            waits.Add(TimeProvider.System.GetElapsedTime(endpoint.Answered, ends.Max()).TotalMilliseconds);

            Assert.Equal(round, endpoint.Calls);
        }

        var median = waits.Order().ElementAt(Rounds / 2);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{Count} nodes, polling every {Poll.TotalMilliseconds} ms: the last had the token {median:0} ms after the answer "
            + $"(median of {Rounds}; worst {waits.Max():0} ms)");
        Assert.InRange(median, 0, 2 * Poll.TotalMilliseconds);
        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }
    }

    private static async Task<long> RefreshAsync(TokenSession session)
    {
        await session.RefreshAsync();
        return TimeProvider.System.GetTimestamp();
    }

    private static ServiceProvider CreateNode(TestDatabase database, ITokenEndpoint endpoint)
    {
        var services = new ServiceCollection();
        services.AddDbContext<AppDbContext>(database.Use);
        services.AddTokenSession("orders", options => options.MinRefreshInterval = TimeSpan.Zero)
            .UseEndpoint(_ => endpoint)
            .UseEntityFrameworkCore<AppDbContext>(options => options.PollInterval = Poll)
            .AllowUnencryptedStore();
        return services.BuildServiceProvider();
    }

    private sealed class SlowEndpoint : ITokenEndpoint
    {
        private int _calls;
        private long _answered;

        public int Calls => Volatile.Read(ref _calls);

        public long Answered => Volatile.Read(ref _answered);

        public async Task<TokenEndpointResult> RequestTokenAsync(TokenEndpointRequest request, CancellationToken cancellationToken)
        {
            // Long enough for all others to be waiting.
            var number = Interlocked.Increment(ref _calls);
            await Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System, cancellationToken);
            Volatile.Write(ref _answered, TimeProvider.System.GetTimestamp());
            return TokenEndpointResult.Succeeded(new TokenSet($"access-{number}", $"refresh-{number}"));
        }
    }
}

using TokenRefresh.ServerTests;
using TokenRefresh.Storage;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>
/// Fast page reloads: six processes at a time start, call, and end in one way or another, over one saved login of a real server whose
/// refresh tokens rotate and die. On machines that share a Redis, their clocks are ten minutes apart.
/// </summary>
[Trait("Case", "C4")]
public sealed class ReloadCases
{
    [Theory]
    [InlineData("file", "openiddict")]
    [InlineData("redis", "openiddict")]
    [InlineData("file", "simple jwt")]
    [InlineData("redis", "simple jwt, strict")]
    [InlineData("redis", "simple jwt, family")]
    [InlineData("postgres", "openiddict")]
    public async Task Processes_that_end_in_any_way_sign_no_user_out(string store, string name)
    {
        await using var place = await SharedPlace.CreateAsync(store);
        var lifetime = await LifetimeAsync(place);
        await using var server = await RealServer.StartAsync(name, lifetime);
        await place.SignInAsync(await server.SignInAsync());
        var ends = new[] { "normal", "cancel", "shutdown" };
        var outcomes = new Reloads.Outcomes();
        var start = TimeProvider.System.GetTimestamp();

        // Across two expiries. On a busy machine, where a token lives longer, across one.
        var refreshes = lifetime > TimeSpan.FromSeconds(5) ? 1 : 2;
        var isEnough = async () => outcomes["200"] > 10 && (await server.CountAsync()).RefreshesGranted >= refreshes;
        await Reloads.RunAsync(isEnough, async (slot, round) =>
        {
            var clock = store == "redis" ? ((slot % 3) - 1) * 600 : 0;
            outcomes.Add(await Node.RunYieldingAsync([.. Node.ArgumentsFor(server), place.Argument, "do=reload", $"end={ends[(slot + round) % 3]}", $"clock={clock}"]));
        });

        var counts = await server.CountAsync();
        TestContext.Current.TestOutputHelper?.WriteLine($"{name} over {store}, {Machine.ReloadTime.TotalSeconds} s: {outcomes}, {counts.Refreshes} refreshes");
        Assert.Equal(LoginStatus.Newer, (await new OtherProcess(place.Store, SharedPlace.Key).LoadAsync()).Status);
        Assert.Equal(0, outcomes["event"]);

        // A machine that is busy may take longer for a request than a token lives: that one is refused twice, and is its caller's.
        Assert.InRange(outcomes["401"], 0, outcomes["200"] / 10);
        Assert.True(outcomes["200"] > 10, outcomes.ToString());
        Assert.Equal(0, counts.PresentedTwice);
        Assert.Equal(counts.Refreshes, counts.RefreshesGranted);
        Assert.InRange(counts.Refreshes, refreshes, (int)TimeProvider.System.GetElapsedTime(start).TotalSeconds + 5);
    }

    // Two seconds, or on a busy machine twice as long as the processes take to start: a request must not take longer than a token lives.
    private static async Task<TimeSpan> LifetimeAsync(SharedPlace place)
    {
        var start = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Reloads.Processes).Select(_ => Node.RunYieldingAsync(
            "api=http://127.0.0.1:9/", "endpoint=http://127.0.0.1:9/token", "protocol=SimpleJwt", place.Argument, "do=refresh", "rounds=0")));
        return TimeSpan.FromSeconds(Math.Max(2, Math.Ceiling(2 * TimeProvider.System.GetElapsedTime(start).TotalSeconds)));
    }
}

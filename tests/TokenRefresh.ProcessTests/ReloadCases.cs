using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using TokenRefresh.ServerTests;
using TokenRefresh.Storage;
using TokenRefresh.TestKit;
using TokenRefresh.Testing;
using Xunit;

namespace TokenRefresh.ProcessTests;

/// <summary>
/// Fast page reloads: six processes at a time start, call, and end in one way or another, over one saved login of a real server whose
/// refresh tokens rotate and die. On machines that share a Redis, their clocks are ten minutes apart.
/// </summary>
[Trait("Case", "C4")]
public sealed class ReloadCases
{
    private const int Processes = 6;

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
        var outcomes = new Outcomes();
        var start = TimeProvider.System.GetTimestamp();

        var isEnough = () => outcomes["200"] > 10 && TimeProvider.System.GetElapsedTime(start) > 3 * lifetime;
        await Task.WhenAll(Enumerable.Range(0, Processes).Select(slot => LoopAsync(isEnough, async round =>
        {
            var clock = store == "redis" ? ((slot % 3) - 1) * 600 : 0;
            outcomes.Add(await Node.RunYieldingAsync([.. Node.ArgumentsFor(server), place.Argument, "do=reload", $"end={ends[(slot + round) % 3]}", $"clock={clock}"]));
        })));

        var counts = await server.CountAsync();
        TestContext.Current.TestOutputHelper?.WriteLine($"{name} over {store}, {Machine.ReloadTime.TotalSeconds} s: {outcomes}, {counts.Refreshes} refreshes");
        Assert.Equal(LoginStatus.Newer, (await new OtherProcess(place.Store, SharedPlace.Key).LoadAsync()).Status);
        Assert.Equal(0, outcomes["event"]);

        // A machine that is busy may take longer for a request than a token lives: that one is refused twice, and is its caller's.
        Assert.InRange(outcomes["401"], 0, outcomes["200"] / 10);
        Assert.True(outcomes["200"] > 10, outcomes.ToString());
        Assert.Equal(0, counts.PresentedTwice);
        Assert.Equal(counts.Refreshes, counts.RefreshesGranted);
        Assert.InRange(counts.Refreshes, 1, (int)TimeProvider.System.GetElapsedTime(start).TotalSeconds + 5);
    }

    [Theory]
    [InlineData("file", "simple jwt, strict")]
    [InlineData("redis", "simple jwt, strict")]
    [InlineData("redis", "openiddict")]
    public async Task Processes_that_are_killed_cost_at_most_a_sign_in_each_and_no_loop(string store, string name)
    {
        await using var place = await SharedPlace.CreateAsync(store);
        await using var server = await RealServer.StartAsync(name);
        await place.SignInAsync(await server.SignInAsync());
        var outcomes = new Outcomes();
        var kills = 0;
        var lost = 0;
        using var over = new CancellationTokenSource();
        var user = Task.Run(async () =>
        {
            // The user signs in at the login page whenever the login has ended.
            while (!over.IsCancellationRequested)
            {
                if ((await new OtherProcess(place.Store, SharedPlace.Key).LoadAsync()).Status == LoginStatus.LoginEnded)
                {
                    lost++;
                    await place.SignInAsync(await server.SignInAsync());
                }

                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            }
        });

        await Task.WhenAll(Enumerable.Range(0, Processes).Select(slot => LoopAsync(() => outcomes["200"] > 10, async round =>
        {
            if (slot > 1)
            {
                outcomes.Add(await Node.RunYieldingAsync([.. Node.ArgumentsFor(server), place.Argument, "do=reload", "end=normal", "timeout=3"]));
                return;
            }

            using var node = Node.StartYielding([.. Node.ArgumentsFor(server), place.Argument, "do=reload", "end=kill", "timeout=3"]);
            await node.ReadLineAsync();
            await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(250)), TimeProvider.System);
            await node.KillAsync();
            Interlocked.Increment(ref kills);
        })));

        // Another process also takes over after the last kill.
        var last = await Node.RunYieldingAsync([.. Node.ArgumentsFor(server), place.Argument, "do=refresh", "rounds=1"]);
        await over.CancelAsync();
        await user;
        var counts = await server.CountAsync();
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{name} over {store}, {Machine.ReloadTime.TotalSeconds} s: {kills} kills, {lost} pairs lost, {outcomes}, {counts.Refreshes} refreshes, {counts.RefreshesGranted} granted, {counts.PresentedTwice} presented twice");
        Assert.True(last[^1] is "refreshed" or "failed ReLoginRequired", string.Join(", ", last));
        Assert.InRange(lost, 0, kills);
        Assert.InRange(counts.PresentedTwice, 0, kills);
        Assert.InRange(counts.Refreshes - counts.RefreshesGranted, 0, kills + lost);
        Assert.True(outcomes["200"] > 10, outcomes.ToString());
    }

    // Two seconds, or on a busy machine twice as long as the processes take to start: a request must not take longer than a token lives.
    private static async Task<TimeSpan> LifetimeAsync(SharedPlace place)
    {
        var start = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Processes).Select(_ => Node.RunYieldingAsync(
            "api=http://127.0.0.1:9/", "endpoint=http://127.0.0.1:9/token", "protocol=SimpleJwt", place.Argument, "do=refresh", "rounds=0")));
        return TimeSpan.FromSeconds(Math.Max(2, Math.Ceiling(2 * TimeProvider.System.GetElapsedTime(start).TotalSeconds)));
    }

    // Longer than the reload time, if there were too few requests by then: a process that opens a database starts slowly, and after a kill in
    // mid-refresh all processes wait for the end of a lease of 8 s.
    private static async Task LoopAsync(Func<bool> isEnough, Func<int, Task> reload)
    {
        var start = TimeProvider.System.GetTimestamp();
        for (var round = 0; IsOn(TimeProvider.System.GetElapsedTime(start)); round++)
        {
            await reload(round);
        }

        bool IsOn(TimeSpan elapsed) => elapsed < Machine.ReloadTime || (!isEnough() && elapsed < Gate.FailSafe);
    }

    /// <summary>What the processes said, counted.</summary>
    private sealed class Outcomes
    {
        private readonly Dictionary<string, int> _counts = [];

        public int this[string outcome] => _counts.GetValueOrDefault(outcome);

        public void Add(IEnumerable<string> lines)
        {
            lock (_counts)
            {
                _counts["reloads"] = this["reloads"] + 1;
                foreach (var words in lines.Select(line => line.Split(' ')))
                {
                    _counts[words[0]] = this[words[0]] + (words.Length > 1 && int.TryParse(words[1], CultureInfo.InvariantCulture, out var count) ? count : 1);
                }
            }
        }

        public override string ToString() => string.Join(", ", _counts.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}: {pair.Value}"));
    }
}

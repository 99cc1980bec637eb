using TokenRefresh.ServerTests;
using TokenRefresh.Storage;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>Fast page reloads as in <see cref="ReloadCases"/>. Two of the six processes are killed at any moment.</summary>
[Trait("Case", "C4")]
public sealed class KilledReloadCases
{
    [Theory]
    [InlineData("file", "simple jwt, strict")]
    [InlineData("redis", "simple jwt, strict")]
    [InlineData("redis", "openiddict")]
    public async Task Processes_that_are_killed_cost_at_most_a_sign_in_each_and_no_loop(string store, string name)
    {
        await using var place = await SharedPlace.CreateAsync(store);
        await using var server = await RealServer.StartAsync(name);
        await place.SignInAsync(await server.SignInAsync());
        var outcomes = new Reloads.Outcomes();

        // A short deadline makes a short lease, so that other processes take over soon. On a busy machine a refresh takes longer.
        var timeout = FormattableString.Invariant($"timeout={3 * Math.Min(4, Machine.Slowness):0.0}");
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

        await Reloads.RunAsync(() => Task.FromResult(outcomes["200"] > 10 && Volatile.Read(ref kills) > 5), async (slot, _) =>
        {
            if (slot > 1)
            {
                outcomes.Add(await Node.RunYieldingAsync([.. Node.ArgumentsFor(server), place.Argument, "do=reload", "end=normal", timeout]));
                return;
            }

            using var node = Node.StartYielding([.. Node.ArgumentsFor(server), place.Argument, "do=reload", "end=kill", timeout]);
            await node.ReadLineAsync();
            await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(250)), TimeProvider.System);
            await node.KillAsync();
            Interlocked.Increment(ref kills);
        });

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
        Assert.True(kills > 5, $"{kills} kills");
    }
}

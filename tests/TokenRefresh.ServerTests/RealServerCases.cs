using System.Diagnostics;
using System.Net;
using TokenRefresh.Samples.Servers;
using TokenRefresh.TestKit;

namespace TokenRefresh.ServerTests;

/// <summary>The four cases that the project exists for, on real servers that rotate.</summary>
public sealed class RealServerCases(RealServers servers)
{
    // A new token must not expire while the requests that waited for it are on their way, on a busy machine either.
    private static readonly TimeSpan WholeTest = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan ReloadTime = 2 * Machine.ReloadTime;

    [Theory]
    [Trait("Case", "C1")]
    [MemberData(nameof(RealServer.All), MemberType = typeof(RealServer))]
    public async Task An_expired_access_token_costs_one_refresh(string name)
    {
        var server = await servers.GetAsync(name, WholeTest);
        await using var app = new RealApp(server);
        await app.SignInExpiredAsync();

        var status = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, status);
        var counts = await server.CountAsync();
        Assert.Equal((1, 1, 1, 1), (counts.Refreshes, counts.RefreshesGranted, counts.Api200, counts.Api401));
    }

    [Theory]
    [Trait("Case", "C2")]
    [MemberData(nameof(RealServer.All), MemberType = typeof(RealServer))]
    public async Task A_dead_refresh_token_is_reported_once_and_the_next_sign_in_works(string name)
    {
        var server = await servers.GetAsync(name, WholeTest);
        await using var app = new RealApp(server);
        await app.SignInExpiredAsync();
        await server.RevokeAsync();

        var dead = await app.GetManyAsync(50);
        var later = await app.GetAsync();

        Assert.All([.. dead, later], status => Assert.Equal(HttpStatusCode.Unauthorized, status));
        Assert.Equal(1, app.ReLogins);
        Assert.Equal(1, (await server.CountAsync()).Refreshes);

        await app.SignInAsync();
        Assert.Equal(HttpStatusCode.OK, await app.GetAsync());
        Assert.Equal(1, app.ReLogins);
    }

    [Theory]
    [Trait("Case", "C3")]
    [MemberData(nameof(RealServer.All), MemberType = typeof(RealServer))]
    public async Task Two_hundred_parallel_requests_at_expiry_cost_one_refresh(string name)
    {
        var server = await servers.GetAsync(name, WholeTest);
        await using var app = new RealApp(server);
        await app.SignInExpiredAsync();

        var statuses = await app.GetManyAsync(200);

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
        var counts = await server.CountAsync();
        Assert.Equal((1, 1, 1), (counts.Refreshes, counts.RefreshesGranted, counts.RefreshPeak));
        Assert.Equal(200, counts.Api200);
        Assert.InRange(counts.Api401, 1, 200);
        Assert.Equal(0, app.ReLogins);
    }

    [Fact]
    [Trait("Case", "C4")]
    public async Task Fast_reloads_across_expiries_sign_no_user_out()
    {
        // The servers are reloaded side by side: each has an app and a user of its own.
        var started = new List<(string Name, RealServer Server)>();
        foreach (var name in RealServer.All.Select(row => row.Data).Where(RealServer.IsThere))
        {
            started.Add((name, await servers.GetAsync(name, TimeSpan.FromSeconds(2))));
        }

        await Task.WhenAll(started.Select(server => ReloadAsync(server.Name, server.Server)));
        Machine.MustHave(SimpleJwtServer.MissingReason);
    }

    private static async Task ReloadAsync(string name, RealServer server)
    {
        await using var app = new RealApp(server);
        await app.SignInAsync();
        var watch = Stopwatch.StartNew();
        var total = 0;
        var failed = 0;

        while (watch.Elapsed < ReloadTime)
        {
            var statuses = await app.GetManyAsync(20);
            total += statuses.Length;
            failed += statuses.Count(status => status != HttpStatusCode.OK);
        }

        // A refresh ahead that is still under way is finished first.
        await app.DisposeAsync();
        var counts = await server.CountAsync();
        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {total} requests, {counts}");
        Assert.Equal(0, failed);
        Assert.Equal(0, app.ReLogins);
        Assert.Equal(0, counts.PresentedTwice);
        Assert.Equal(1, counts.RefreshPeak);
        Assert.Equal(counts.RefreshesGranted, counts.Refreshes);

        // A token lives a little less than two seconds: not many more refreshes than expiries.
        var seconds = ReloadTime.TotalSeconds;
        Assert.InRange(counts.Refreshes, (int)(0.4 * seconds), (int)(1.5 * seconds));
        Assert.True(total > 17 * seconds, $"Only {total} requests in {seconds} s.");
    }
}

using System;
using System.Diagnostics;
using System.Linq;
using System.Net;
using System.Threading.Tasks;
using Xunit;

namespace TokenRefresh.ServerTests;

/// <summary>The four cases that the project exists for, on real servers that rotate.</summary>
public sealed class RealServerCases
{
    [Theory]
    [Trait("Case", "C1")]
    [MemberData(nameof(RealServer.All), MemberType = typeof(RealServer))]
    public async Task An_expired_access_token_costs_one_refresh(string name)
    {
        await using var server = await RealServer.StartAsync(name);
        await using var app = new RealApp(server);
        await app.SignInAsync();
        await app.WaitForExpiryAsync();
        await server.ResetAsync();

        var status = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, status);
        var counts = await server.CountAsync();
        Assert.Equal((1, 1, 1, 1), (counts.Refreshes, counts.RefreshesGranted, counts.Api200, counts.Api401));
    }

    [Theory]
    [Trait("Case", "C2")]
    [MemberData(nameof(RealServer.All), MemberType = typeof(RealServer))]
    public async Task A_dead_refresh_token_is_told_once_and_the_next_sign_in_goes_on(string name)
    {
        await using var server = await RealServer.StartAsync(name);
        await using var app = new RealApp(server);
        await app.SignInAsync();
        await server.RevokeAsync();
        await app.WaitForExpiryAsync();
        await server.ResetAsync();

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
        await using var server = await RealServer.StartAsync(name);
        await using var app = new RealApp(server);
        await app.SignInAsync();
        await app.WaitForExpiryAsync();
        await server.ResetAsync();

        var statuses = await app.GetManyAsync(200);

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
        var counts = await server.CountAsync();
        Assert.Equal((1, 1, 1), (counts.Refreshes, counts.RefreshesGranted, counts.RefreshPeak));
        Assert.Equal(200, counts.Api200);
        Assert.InRange(counts.Api401, 1, 200);
        Assert.Equal(0, app.ReLogins);
    }

    [Theory]
    [Trait("Case", "C4")]
    [MemberData(nameof(RealServer.All), MemberType = typeof(RealServer))]
    public async Task Thirty_seconds_of_fast_reloads_sign_nobody_out(string name)
    {
        await using var server = await RealServer.StartAsync(name);
        await using var app = new RealApp(server);
        await app.SignInAsync();
        await server.ResetAsync();
        var watch = Stopwatch.StartNew();
        var total = 0;
        var failed = 0;

        while (watch.Elapsed < TimeSpan.FromSeconds(30))
        {
            var statuses = await app.GetManyAsync(20);
            total += statuses.Length;
            failed += statuses.Count(status => status != HttpStatusCode.OK);
        }

        // A refresh ahead that is still under way is finished first.
        await app.DisposeAsync();
        var counts = await server.CountAsync();
        Assert.Equal(0, failed);
        Assert.Equal(0, app.ReLogins);
        Assert.Equal(0, counts.PresentedTwice);
        Assert.Equal(1, counts.RefreshPeak);
        Assert.Equal(counts.RefreshesGranted, counts.Refreshes);

        // A token lives a little less than two seconds: dozens of expiries, and not many more refreshes than there were.
        Assert.InRange(counts.Refreshes, 12, 45);
        Assert.True(total > 500, $"Only {total} requests in 30 s.");
        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {total} requests, {counts}");
    }
}

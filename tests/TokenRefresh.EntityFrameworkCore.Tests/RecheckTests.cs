using TokenRefresh.TestKit;

namespace TokenRefresh.EntityFrameworkCore.Tests;

/// <summary>A database notifies no process. With RecheckInterval, a sign-out at one node is known at the others within one interval.</summary>
[Trait("Case", "S14")]
public sealed class RecheckTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_sign_out_at_one_node_is_known_at_the_others_after_one_interval()
    {
        await using var database = await TestDatabase.CreateAsync(new SqliteDatabase());
        await using var cluster = TestCluster.Start(3, _ => database.Open(), options => options.RecheckInterval = Interval);
        await cluster.SignInAsync();
        await cluster[0].Session.SignOutAsync(TestContext.Current.CancellationToken);

        var before = await TokensOf(cluster);
        cluster.Time.Advance(Interval);
        var after = await TokensOf(cluster);

        Assert.Equal([null, "access-1", "access-1"], before);
        Assert.Equal([null, null, null], after);
        Assert.Equal(0, cluster.Tokens.Calls);
    }

    [Fact]
    public async Task New_tokens_of_one_node_are_used_at_the_others_after_one_interval()
    {
        await using var database = await TestDatabase.CreateAsync(new SqliteDatabase());
        await using var cluster = TestCluster.Start(3, _ => database.Open(), options => options.RecheckInterval = Interval);
        await cluster.SignInAsync();
        await cluster[0].Session.RefreshAsync(TestContext.Current.CancellationToken);

        cluster.Time.Advance(Interval);

        Assert.Equal(["access-2", "access-2", "access-2"], await TokensOf(cluster));
        Assert.Equal(1, cluster.Tokens.Calls);
    }

    private static Task<string?[]> TokensOf(TestCluster cluster) =>
        Task.WhenAll(cluster.Nodes.Select(node => node.Session.GetAccessTokenAsync(TestContext.Current.CancellationToken)));
}

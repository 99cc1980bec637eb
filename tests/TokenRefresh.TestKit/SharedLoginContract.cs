using System.Net;
using System.Net.Http.Headers;
using TokenRefresh.Storage;

namespace TokenRefresh.TestKit;

/// <summary>One login shared by several processes, over any store that can be shared: at the token server they look like one.</summary>
public abstract class SharedLoginContract : IAsyncLifetime
{
    /// <summary>The key of the login that all processes of a test share.</summary>
    protected static TokenSessionKey Key { get; } = new(TestApp.Name);

    /// <summary>Opens the store as the process of this number has it. Empty at the beginning of each test.</summary>
    protected abstract ITokenStore Open(int process);

    /// <summary>Starts what the store needs, before it is opened.</summary>
    public virtual ValueTask InitializeAsync() => default;

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return default;
    }

    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    [InlineData(32)]
    [Trait("Case", "C3")]
    public async Task Processes_that_meet_one_expiry_cause_one_refresh(int processes)
    {
        await using var cluster = TestCluster.Start(processes, Open);
        await cluster.SignInAsync();

        var responses = await cluster.SendRefusedFromAllAsync();

        Assert.All(responses, response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
        Assert.Equal(["refresh-1"], cluster.Tokens.ReceivedRefreshTokens);
        Assert.Equal(processes, cluster.Api.CallsWith("access-2"));
        Assert.All(cluster.Nodes, node => Assert.Single(node.Refreshes));
    }

    [Fact]
    public async Task Expiry_after_expiry_no_refresh_token_is_presented_twice()
    {
        await using var cluster = TestCluster.Start(4, Open, options => options.MinRefreshInterval = TimeSpan.Zero);
        await cluster.SignInAsync();

        for (var round = 0; round < 10; round++)
        {
            var responses = await cluster.SendRefusedFromAllAsync();
            Assert.All(responses, response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
        }

        Assert.Equal(Enumerable.Range(1, 10).Select(number => "refresh-" + number), cluster.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    [Trait("Case", "C4")]
    public async Task Processes_that_start_use_the_saved_token_and_refresh_nothing()
    {
        await using var cluster = TestCluster.Start(8, Open);
        await cluster.SignInAsync();

        foreach (var node in cluster.Nodes)
        {
            using var response = await node.GetAsync();
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Equal(8, cluster.Api.CallsWith("access-1"));
        Assert.Equal(0, cluster.Tokens.Calls);
    }

    [Fact]
    [Trait("Case", "C33")]
    public async Task A_refusal_that_another_process_has_overtaken_is_no_end_of_the_login()
    {
        await using var cluster = TestCluster.Start(2, Open);
        await cluster.SignInAsync();
        cluster.Tokens.ExpireAccessTokens();
        cluster.Tokens.RespondOnce(async (_, _) =>
        {
            // Another process comes first at the server and at the store, lease or no lease.
            await new OtherProcess(cluster[1].Store, Key).SaveAsync(cluster.Tokens.RefreshFromAnotherClient("refresh-1"));
            return new HttpResponseMessage(HttpStatusCode.BadRequest) { Content = new StringContent("""{"error":"invalid_grant"}""", null, "application/json") };
        });

        using var response = await cluster[0].GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["refresh-1"], cluster.Tokens.ReceivedRefreshTokens);
        Assert.Equal("access-2", cluster.Api.Received[^1].Token);
        Assert.Empty(cluster[0].ReLogins);
    }

    [Fact]
    [Trait("Case", "C34")]
    public async Task What_another_process_has_refreshed_is_taken_from_the_store()
    {
        await using var cluster = TestCluster.Start(2, Open);
        await cluster.SignInAsync();
        cluster.Tokens.ExpireAccessTokens();

        using var first = await cluster[0].GetAsync();
        using var second = await cluster[1].GetAsync();

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (first.StatusCode, second.StatusCode));
        Assert.Equal(1, cluster.Tokens.Calls);

        // A store that notifies may spare the second process its 401.
        var sent = cluster.Api.Received.Select(request => request.Token).ToList();
        Assert.Equal(["access-1", "access-2"], sent.Take(2));
        Assert.Contains(string.Join(", ", sent.Skip(2)), new[] { "access-1, access-2", "access-2" });
    }

    [Fact]
    [Trait("Case", "C35")]
    public async Task Tokens_that_cant_be_saved_are_used_from_memory_and_saved_later()
    {
        FailingStore? failing = null;
        await using var cluster = TestCluster.Start(2, process => process == 0 ? failing = new FailingStore(Open(process)) : Open(process), options => options.MinRefreshInterval = TimeSpan.Zero);
        await cluster.SignInAsync();
        var first = await new OtherProcess(cluster[1].Store, Key).LoadAsync();
        cluster.Tokens.ExpireAccessTokens();
        failing!.SavesFail = true;

        using var unsaved = await cluster[0].GetAsync();
        using var again = await cluster[0].GetAsync();
        failing.SavesFail = false;
        var saved = await UntilSavedAsync(cluster, first.Version + 1);
        using var other = await cluster[1].GetAsync();

        Assert.All([unsaved, again, other], response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
        Assert.Equal(first.Version + 1, saved.Version);
        Assert.Equal(["refresh-1"], cluster.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    [Trait("Case", "C35")]
    public async Task What_is_still_unsaved_is_saved_before_the_next_refresh()
    {
        FailingStore? failing = null;
        await using var cluster = TestCluster.Start(1, process => failing = new FailingStore(Open(process)), options => options.MinRefreshInterval = TimeSpan.Zero);
        await cluster.SignInAsync();
        var first = await new OtherProcess(failing!, Key).LoadAsync();
        cluster.Tokens.ExpireAccessTokens();
        failing!.SavesFail = true;
        using var unsaved = await cluster[0].GetAsync();
        failing.SavesFail = false;
        cluster.Tokens.ExpireAccessTokens();

        using var next = await cluster[0].GetAsync();

        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
        Assert.Equal(["refresh-1", "refresh-2"], cluster.Tokens.ReceivedRefreshTokens);
        Assert.Equal(first.Version + 2, (await new OtherProcess(failing, Key).LoadAsync()).Version);
    }

    [Fact]
    public async Task While_the_store_is_away_a_good_token_is_used_and_no_refresh_token_is_spent()
    {
        FailingStore? failing = null;
        await using var cluster = TestCluster.Start(1, process => failing = new FailingStore(Open(process)));
        await cluster.SignInAsync();
        failing!.IsAway = true;

        using var good = await cluster[0].GetAsync();
        cluster.Tokens.ExpireAccessTokens();
        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => cluster[0].GetAsync());
        failing.IsAway = false;
        cluster.Time.Advance(TimeSpan.FromSeconds(2));
        using var back = await cluster[0].GetAsync();

        Assert.Equal(HttpStatusCode.OK, good.StatusCode);
        Assert.Equal(TokenRefreshFailure.Transient, failure.Failure);
        Assert.Equal(HttpStatusCode.OK, back.StatusCode);
        Assert.Equal(["refresh-1"], cluster.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    [Trait("Case", "C38")]
    public async Task A_dead_login_is_asked_about_once_and_told_once_in_each_process()
    {
        await using var cluster = TestCluster.Start(8, Open);
        await cluster.SignInAsync();
        cluster.Tokens.RevokeRefreshTokens();

        var responses = await cluster.SendRefusedFromAllAsync();

        Assert.All(responses, response => Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode));
        Assert.Equal(1, cluster.Tokens.Calls);
        Assert.All(cluster.Nodes, node => Assert.Equal(ReLoginReason.Rejected, Assert.Single(node.ReLogins).Reason));
    }

    [Fact]
    public async Task A_sign_in_at_one_process_ends_the_dead_login_of_another()
    {
        await using var cluster = TestCluster.Start(2, Open);
        await cluster.SignInAsync();
        cluster.Tokens.RevokeRefreshTokens();
        await cluster.SendRefusedFromAllAsync();
        await cluster[0].Session.SignInAsync(cluster.Tokens.Issue());
        cluster.Time.Advance(TimeSpan.FromSeconds(2));

        using var response = await cluster[1].GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    [Trait("Case", "C36")]
    public async Task A_sign_out_at_one_process_wins_over_a_refresh_under_way_at_another()
    {
        await using var cluster = TestCluster.Start(2, Open);
        await cluster.SignInAsync();
        cluster.Tokens.ExpireAccessTokens();
        var gate = cluster.Tokens.Hold();
        var request = Task.Run(() => cluster[0].GetAsync());
        await gate.ArrivedAsync(1);

        await cluster[1].Session.SignOutAsync();
        gate.Open();
        using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(0, cluster.Api.CallsWith("access-2"));
        Assert.Equal(LoginStatus.SignedOut, (await new OtherProcess(cluster[0].Store, Key).LoadAsync()).Status);
        Assert.Equal(TokenSessionState.SignedOut, cluster[0].Session.State);
    }

    [Fact]
    [Trait("Case", "C30")]
    public async Task A_pause_that_the_server_asked_of_one_process_holds_the_others()
    {
        await using var cluster = TestCluster.Start(2, Open);
        await cluster.SignInAsync();
        cluster.Tokens.ExpireAccessTokens();
        cluster.Tokens.RespondOnce((_, _) =>
        {
            var busy = new HttpResponseMessage(HttpStatusCode.TooManyRequests);
            busy.Headers.RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromMinutes(10));
            return Task.FromResult<HttpResponseMessage?>(busy);
        });

        var first = await Assert.ThrowsAsync<TokenRefreshException>(() => cluster[0].GetAsync());
        var second = await Assert.ThrowsAsync<TokenRefreshException>(() => cluster[1].GetAsync());

        Assert.Equal((TokenRefreshFailure.Transient, TokenRefreshFailure.Transient), (first.Failure, second.Failure));
        Assert.Equal(1, cluster.Tokens.Calls);
    }

    [Fact]
    public async Task When_the_leader_fails_for_now_a_follower_tries_at_once()
    {
        await using var cluster = TestCluster.Start(2, Open);
        await cluster.SignInAsync();
        var gate = cluster.Tokens.Hold();
        cluster.Tokens.RespondOnce(HttpStatusCode.BadRequest, """{"error":"invalid_client"}""");
        var requests = cluster.SendRefusedFromAllAsync();
        await gate.ArrivedAsync(1);

        gate.Open();
        var failure = await Record.ExceptionAsync(() => requests);

        // A store that notifies may bring the follower's tokens before the leader's caller sees the failure.
        if (failure is not null || cluster[0].Store is not ITokenStoreNotifications)
        {
            Assert.Equal(TokenRefreshFailure.Configuration, Assert.IsType<TokenRefreshException>(failure).Failure);
        }

        Assert.Equal(["refresh-1", "refresh-1"], cluster.Tokens.ReceivedRefreshTokens);
        Assert.Contains(cluster.Nodes, node => node.Refreshes.Count == 1);
    }

    private static async Task<LoginStoreResult> UntilSavedAsync(TestCluster cluster, long version)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            cluster.Time.Advance(TimeSpan.FromSeconds(1));
            var saved = await new OtherProcess(cluster[1].Store, Key).LoadAsync();
            if (saved.Version == version || TimeProvider.System.GetElapsedTime(start) > Gate.FailSafe)
            {
                return saved;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }
}

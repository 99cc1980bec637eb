using System.Net;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Sockets;

/// <summary>Token servers that fail on real sockets, before and after they have rotated, while two hundred requests wait.</summary>
public sealed class BrokenServerTests
{
    private const int Waiters = 200;

    /// <summary>Faults that lose the answer: it is asked for once more, at once.</summary>
    public static TheoryData<ServerFault> Lost => new(
        ServerFault.Reset, ServerFault.HalfClose, ServerFault.CutBody, ServerFault.CutChunked, ServerFault.Garbage, ServerFault.Endless, ServerFault.Huge, ServerFault.GzipBomb);

    /// <summary>Faults that keep everybody waiting: the deadline ends them, and nothing is asked twice.</summary>
    public static TheoryData<ServerFault> Slow => new(ServerFault.StallAfterHeaders, ServerFault.Trickle);

    [Theory]
    [Trait("Case", "C29")]
    [Trait("Case", "C43")]
    [MemberData(nameof(Lost))]
    public async Task An_answer_lost_before_the_rotation_is_asked_for_again_and_all_succeed(ServerFault fault)
    {
        await using var scene = await Scene.StartAsync(TokenServerMode.ReuseIsRejected);
        scene.Server.Next(fault, afterRotation: false);

        var statuses = await scene.SendAsync(Waiters);

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.Equal(["refresh-1", "refresh-1"], scene.Server.ReceivedRefreshTokens);
        Assert.Equal(0, scene.ReLogins);
    }

    [Theory]
    [Trait("Case", "C29")]
    [Trait("Case", "C43")]
    [MemberData(nameof(Lost))]
    public async Task An_answer_lost_after_the_rotation_is_given_again_by_a_server_with_grace(ServerFault fault)
    {
        await using var scene = await Scene.StartAsync(TokenServerMode.ReuseWithinGracePeriod);
        scene.Server.Next(fault, afterRotation: true);

        var statuses = await scene.SendAsync(Waiters);

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.Equal(["refresh-1", "refresh-1"], scene.Server.ReceivedRefreshTokens);
        Assert.Equal(0, scene.ReLogins);
    }

    [Theory]
    [Trait("Case", "C29")]
    [MemberData(nameof(Lost))]
    public async Task An_answer_lost_after_the_rotation_of_a_strict_server_ends_in_one_clean_re_login(ServerFault fault)
    {
        await using var scene = await Scene.StartAsync(TokenServerMode.ReuseIsRejected);
        scene.Server.Next(fault, afterRotation: true);

        var statuses = await scene.SendAsync(Waiters);

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.Unauthorized, status));
        Assert.Equal(["refresh-1", "refresh-1"], scene.Server.ReceivedRefreshTokens);
        Assert.Equal(1, scene.ReLogins);
        Assert.Equal(ReLoginReason.LostRotation, scene.LastReason);
    }

    [Theory]
    [Trait("Case", "C21")]
    [Trait("Case", "C29")]
    [MemberData(nameof(Slow))]
    public async Task A_server_that_never_finishes_is_given_up_at_the_deadline_and_not_asked_twice(ServerFault fault)
    {
        await using var scene = await Scene.StartAsync(TokenServerMode.ReuseWithinGracePeriod, TimeSpan.FromSeconds(1));
        scene.Server.Next(fault, afterRotation: true);

        var requests = scene.Begin(Waiters);

        foreach (var request in requests)
        {
            var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => request).WaitAsync(Gate.FailSafe, TimeProvider.System);
            Assert.Equal(TokenRefreshFailure.Transient, exception.Failure);
        }

        Assert.Single(scene.Server.ReceivedRefreshTokens);
        await scene.Session.RefreshAsync();
        Assert.Equal(HttpStatusCode.OK, Assert.Single(await scene.SendAsync(1)));
    }

    private sealed class Scene : IAsyncDisposable
    {
        private readonly FakeTokenServer _tokens;
        private readonly FakeApi _api;
        private readonly HttpMessageInvoker _client;
        private int _reLogins;

        private Scene(TokenServerMode mode, TimeSpan timeout)
        {
            _tokens = new FakeTokenServer(TimeProvider.System, mode);
            _api = new FakeApi(_tokens);
            Server = new BrokenTokenServer(_tokens);
            Session = TokenSession.Create(new TokenRefreshOptions
            {
                TokenEndpoint = Server.TokenEndpoint,
                ClientId = "shop",
                RefreshTimeout = timeout,
                AllowedOrigins = { new Uri("https://api.example.com") },
            });
            Session.ReLoginRequired += (_, e) =>
            {
                LastReason = e.Reason;
                Interlocked.Increment(ref _reLogins);
            };
            _client = new HttpMessageInvoker(new TokenRefreshHandler(Session) { InnerHandler = _api });
        }

        public BrokenTokenServer Server { get; }

        public TokenSession Session { get; }

        public int ReLogins => Volatile.Read(ref _reLogins);

        public ReLoginReason? LastReason { get; private set; }

        public static async Task<Scene> StartAsync(TokenServerMode mode, TimeSpan? timeout = null)
        {
            var scene = new Scene(mode, timeout ?? TimeSpan.FromSeconds(30));
            await scene.Session.SignInAsync(scene._tokens.Issue());
            scene._tokens.ExpireAccessTokens();
            return scene;
        }

        public Task<HttpResponseMessage>[] Begin(int count) => [.. Enumerable.Range(0, count).Select(_ =>
            _client.SendAsync(new HttpRequestMessage(HttpMethod.Get, "https://api.example.com/me"), CancellationToken.None))];

        public async Task<HttpStatusCode[]> SendAsync(int count) =>
            [.. (await Task.WhenAll(Begin(count)).WaitAsync(Gate.FailSafe, TimeProvider.System)).Select(response => response.StatusCode)];

        public async ValueTask DisposeAsync()
        {
            await Session.DisposeAsync();
            await Server.DisposeAsync();
            _client.Dispose();
        }
    }
}

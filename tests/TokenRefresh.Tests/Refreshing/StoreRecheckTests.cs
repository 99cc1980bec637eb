using System.Net;
using System.Runtime.CompilerServices;
using TokenRefresh.SingleFlight;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;
using TokenRefresh.Tests.Storage;

namespace TokenRefresh.Tests.Refreshing;

/// <summary>A store that doesn't notify: a session whose user is signed in reads it again, at most once per RecheckInterval.</summary>
[Trait("Case", "S14")]
public sealed class StoreRecheckTests : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly MemoryTokenStore _records = new();
    private readonly WatchedStore _here;
    private readonly CapturingLoggerProvider _log = new();
    private TestApp? _app;

    public StoreRecheckTests() => _here = new WatchedStore(_records);

    private TestApp App => _app!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private OtherProcess There => new(_records, new TokenSessionKey(TestApp.Name, null));

    [Fact]
    public async Task A_sign_out_at_another_process_is_known_after_one_interval()
    {
        await StartAsync(Interval);
        await There.SignOutAsync();

        using var before = await App.GetAsync(Cancelled);
        App.Time.Advance(Interval);
        using var after = await App.GetAsync(Cancelled);

        Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, after.StatusCode);
        Assert.Equal(1, App.Api.Calls);
        Assert.Equal(TokenSessionState.SignedOut, App.Session.State);
        Assert.Equal(0, App.Tokens.Calls);
    }

    [Fact]
    public async Task With_files_a_sign_out_at_one_process_is_known_at_the_others_after_one_interval()
    {
        var directory = Directory.CreateTempSubdirectory("tokenrefresh-recheck-").FullName;
        await using (var cluster = TestCluster.Start(3, _ => new FileTokenStore(directory), options => options.RecheckInterval = Interval))
        {
            await cluster.SignInAsync();
            await cluster[0].Session.SignOutAsync(Cancelled);

            var before = await Task.WhenAll(cluster.Nodes.Select(node => node.Session.GetAccessTokenAsync(Cancelled)));
            cluster.Time.Advance(Interval);
            var after = await Task.WhenAll(cluster.Nodes.Select(node => node.Session.GetAccessTokenAsync(Cancelled)));

            Assert.Equal([null, "access-1", "access-1"], before);
            Assert.Equal([null, null, null], after);
        }

        await TestDirectory.DeleteAsync(directory);
    }

    [Fact]
    public async Task Every_request_after_the_interval_waits_for_the_one_read()
    {
        await StartAsync(Interval);
        await There.SignOutAsync();
        App.Time.Advance(Interval);
        var reads = _here.HoldReads();

        var requests = Enumerable.Range(0, 20).Select(_ => App.GetAsync(Cancelled)).ToArray();
        await reads.ArrivedAsync(1);
        Assert.All(requests, request => Assert.False(request.IsCompleted));
        _here.ReleaseReads();

        Assert.All(await TestApp.StatusesOf(requests), status => Assert.Equal(HttpStatusCode.Unauthorized, status));
        Assert.Equal(0, App.Api.Calls);
        Assert.Equal(1, _here.Reads);
    }

    [Fact]
    public async Task A_request_of_the_ended_login_isnt_sent_with_the_new_one()
    {
        await StartAsync(Interval);
        var next = App.Tokens.Issue();
        await There.SignInAsync(next);
        App.Time.Advance(Interval);

        using var old = await App.GetAsync(Cancelled);
        using var first = await App.GetAsync(Cancelled);

        Assert.Equal(HttpStatusCode.Unauthorized, old.StatusCode);
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal(1, App.Api.Calls);
        Assert.Equal(next.AccessToken, await App.Session.GetAccessTokenAsync(Cancelled));
    }

    [Fact]
    public async Task GetAccessTokenAsync_knows_the_sign_out_too()
    {
        await StartAsync(Interval);
        await There.SignOutAsync();

        Assert.NotNull(await App.Session.GetAccessTokenAsync(Cancelled));
        App.Time.Advance(Interval);

        Assert.Null(await App.Session.GetAccessTokenAsync(Cancelled));
    }

    [Fact]
    public async Task A_synchronous_send_knows_the_sign_out_too()
    {
        await StartAsync(Interval);
        await There.SignOutAsync();
        App.Time.Advance(Interval);

        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("me", UriKind.Relative));
        using var response = await Task.Run(() => App.Client.Send(request, Cancelled), Cancelled);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(0, App.Api.Calls);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0)]
    public async Task Off_it_reads_nothing(int? seconds)
    {
        await StartAsync(seconds is { } value ? TimeSpan.FromSeconds(value) : null);
        await There.SignOutAsync();

        for (var hour = 0; hour < 20; hour++)
        {
            App.Time.Advance(TimeSpan.FromSeconds(10));
            using var response = await App.GetAsync(Cancelled);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Equal(0, _here.Reads);
    }

    [Fact]
    public async Task A_session_reads_once_per_interval_however_many_requests_there_are()
    {
        await StartAsync(Interval, lifetime: TimeSpan.FromDays(1));

        for (var second = 1; second <= 90; second++)
        {
            App.Time.Advance(TimeSpan.FromSeconds(1));
            using var one = await App.GetAsync(Cancelled);
            using var other = await App.GetAsync(Cancelled);
        }

        Assert.Equal(3, _here.Reads);
        Assert.Equal(180, App.Api.Calls);
    }

    [Fact]
    public async Task An_unused_session_reads_nothing()
    {
        await StartAsync(Interval);

        App.Time.Advance(TimeSpan.FromSeconds(29));
        App.Time.Advance(TimeSpan.FromDays(1));

        Assert.Equal(0, _here.Reads);
    }

    [Fact]
    public async Task A_store_that_hangs_holds_a_request_for_two_seconds_and_changes_nothing()
    {
        await StartAsync(Interval, lifetime: TimeSpan.FromDays(1));
        App.Time.Advance(Interval);
        var reads = _here.HoldReads();

        var request = App.GetAsync(Cancelled);
        await reads.ArrivedAsync(1);
        Assert.False(request.IsCompleted);
        App.Time.Advance(TimeSpan.FromSeconds(2));
        using var response = await request;
        App.Time.Advance(Interval);
        using var next = await App.GetAsync(Cancelled);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (response.StatusCode, next.StatusCode));
        Assert.Equal(TokenSessionState.SignedIn, App.Session.State);
        Assert.Equal(1, Warnings);
        _here.ReleaseReads();
    }

    [Fact]
    public async Task A_store_that_fails_changes_nothing_and_is_logged_once()
    {
        await StartAsync(Interval, lifetime: TimeSpan.FromDays(1));
        _here.IsAway = true;
        for (var round = 0; round < 5; round++)
        {
            await ReadAgainAsync();
        }

        Assert.Equal(TokenSessionState.SignedIn, App.Session.State);
        Assert.Equal(5, _here.Reads);
        Assert.Equal(1, Warnings);

        // It answers again: the next outage is another one, and the sign-out is found.
        _here.IsAway = false;
        await ReadAgainAsync();
        _here.IsAway = true;
        await ReadAgainAsync();
        Assert.Equal(2, Warnings);
        _here.IsAway = false;
        await There.SignOutAsync();
        await ReadAgainAsync();
        Assert.Equal(TokenSessionState.SignedOut, App.Session.State);
    }

    [Fact]
    public async Task A_damaged_record_changes_nothing()
    {
        await StartAsync(Interval);
        var stored = await _records.ReadAsync(new TokenSessionKey(TestApp.Name, null), Cancelled);
        await _records.CompareExchangeAsync(new TokenSessionKey(TestApp.Name, null), "damaged", stored!.Value.Revision, null, Cancelled);

        await ReadAgainAsync();

        Assert.Equal(TokenSessionState.SignedIn, App.Session.State);
        Assert.Equal(1, Warnings);
    }

    [Fact]
    public async Task A_cancelled_request_leaves_and_the_read_continues()
    {
        await StartAsync(Interval);
        await There.SignOutAsync();
        App.Time.Advance(Interval);
        var reads = _here.HoldReads();
        using var cancelled = new CancellationTokenSource();

        var request = App.GetAsync(cancelled.Token);
        await reads.ArrivedAsync(1);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        _here.ReleaseReads();

        await Eventually.UntilAsync(() => App.Session.State == TokenSessionState.SignedOut);
    }

    [Fact]
    public async Task A_read_that_races_with_a_refresh_never_replaces_newer_tokens()
    {
        await StartAsync(Interval);
        await There.SaveAsync(App.Tokens.RefreshFromAnotherClient("refresh-1"));
        App.Time.Advance(Interval);
        var reads = _here.HoldResults();

        // The read has the second tokens of another process in its hands. Meanwhile the session adopts them, and refreshes.
        var request = App.GetAsync(Cancelled);
        await reads.ArrivedAsync(1);
        await App.Session.RefreshAsync(Cancelled);
        await App.Session.RefreshAsync(Cancelled);
        _here.ReleaseReads();
        using var response = await request;

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(1, App.Api.CallsWith("access-3"));
        Assert.Equal("access-3", Assert.IsType<SignedInSnapshot>(App.Session.Context.Current).Tokens.AccessToken);
        Assert.Equal("access-3", (await There.TokensAsync())?.AccessToken);
        App.Tokens.AssertRefreshes(1);
    }

    [Fact]
    public async Task A_store_that_lost_the_record_gets_it_back()
    {
        await StartAsync(Interval);
        _here.Forget();

        await ReadAgainAsync();

        Assert.Equal("access-1", (await new OtherProcess(_here.Records, new TokenSessionKey(TestApp.Name, null)).TokensAsync())?.AccessToken);
        Assert.Equal(TokenSessionState.SignedIn, App.Session.State);
    }

    [Fact]
    public async Task A_login_that_has_ended_elsewhere_is_reported_once()
    {
        await StartAsync(Interval);
        await There.EndAsync();

        await ReadAgainAsync();
        await ReadAgainAsync();

        Assert.Equal(TokenSessionState.ReLoginRequired, App.Session.State);
        Assert.Single(App.ReLogins);
    }

    [Fact]
    public async Task An_evicted_session_reads_nothing_more_and_leaves_the_memory()
    {
        await StartAsync(Interval, options => options.UserKey = (_, _) => "unused");
        await SignInAsync("alice");
        App.Time.Advance(Interval);
        await UseAsync("alice");
        var session = Find("alice");
        Assert.Equal(1, _here.Reads);
        App.Time.Advance(TimeSpan.FromHours(1));
        App.Time.Advance(TimeSpan.FromHours(1));
        App.Time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(1, _here.Reads);
        await Eventually.UntilAsync(() =>
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return !session.TryGetTarget(out _);
        });
    }

    [Fact]
    public async Task The_end_of_the_app_doesnt_wait_for_a_store_that_hangs()
    {
        await StartAsync(Interval);
        App.Time.Advance(Interval);
        var reads = _here.HoldReads();
        var request = App.GetAsync(Cancelled);
        await reads.ArrivedAsync(1);

        await App.Services.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(5), TimeProvider.System, Cancelled);

        using var response = await request;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(0, Warnings);
        _here.ReleaseReads();
    }

    [Fact]
    public async Task A_damaged_record_of_one_user_costs_no_other_user_the_wait()
    {
        await StartAsync(Interval, options => options.UserKey = (_, _) => "unused");
        await SignInAsync("alice");
        await SignInAsync("bob");
        await DamageAsync("alice");
        await new OtherProcess(_records, new TokenSessionKey(TestApp.Name, "bob")).SignOutAsync();
        App.Time.Advance(Interval);

        Assert.NotNull(await UseAsync("alice"));
        Assert.Null(await UseAsync("bob"));
        Assert.Equal(1, Warnings);
    }

    public async ValueTask DisposeAsync()
    {
        await (_app?.DisposeAsync() ?? default);
        _log.Dispose();
    }

    private int Warnings => _log.Messages.Count(message => message.EventName == "RecheckFailed");

    private async Task StartAsync(TimeSpan? interval, Action<TokenRefreshOptions>? configure = null, TimeSpan? lifetime = null)
    {
        _app = TestApp.Over(
            _here,
            options =>
            {
                options.RecheckInterval = interval;
                configure?.Invoke(options);
            },
            _log.Add);
        if (lifetime is { } time)
        {
            App.Tokens.Lifetime = time;
        }

        await App.SignInAsync();
        _here.Reads = 0;
    }

    private async Task DamageAsync(string user)
    {
        var key = new TokenSessionKey(TestApp.Name, user);
        var stored = await _records.ReadAsync(key, Cancelled);
        await _records.CompareExchangeAsync(key, "damaged", stored!.Value.Revision, null, Cancelled);
    }

    private async Task ReadAgainAsync()
    {
        var reads = _here.Reads;
        App.Time.Advance(Interval);
        using var response = await App.GetAsync(Cancelled);
        await Eventually.UntilAsync(() => _here.Reads > reads && !App.Session.Context.NeedsRecheck);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Task SignInAsync(string user) => App.Sessions[TestApp.Name, user].SignInAsync(App.Tokens.Issue());

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Task<string?> UseAsync(string user) => App.Sessions[TestApp.Name, user].GetAccessTokenAsync(Cancelled);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private WeakReference<TokenSession> Find(string user) => new(App.Sessions[TestApp.Name, user]);

    private sealed class WatchedStore(MemoryTokenStore records) : StoreAround
    {
        private Gate? _before;
        private Gate? _after;
        private int _reads;

        public MemoryTokenStore Records { get; private set; } = records;

        public bool IsAway { get; set; }

        public int Reads
        {
            get => Volatile.Read(ref _reads);
            set => Volatile.Write(ref _reads, value);
        }

        protected override ITokenStore Inner => Records;

        public void Forget() => Records = new MemoryTokenStore();

        public Gate HoldReads() => _before = new Gate();

        /// <summary>Reads the record, and returns it when the gate opens.</summary>
        public Gate HoldResults() => _after = new Gate();

        public void ReleaseReads()
        {
            _before?.Open();
            _after?.Open();
        }

        public override async ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _reads);
            if (_before is { } before)
            {
                await before.PassAsync(CancellationToken.None);
            }

            var stored = IsAway ? throw new InvalidOperationException("away") : await base.ReadAsync(key, cancellationToken);
            if (_after is { } after)
            {
                await after.PassAsync(CancellationToken.None);
            }

            return stored;
        }
    }
}

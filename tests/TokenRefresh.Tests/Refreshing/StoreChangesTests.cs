using System.Collections.Concurrent;
using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.SingleFlight;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Refreshing;

/// <summary>Two processes over one store that notifies: what one does, the other knows without a request.</summary>
public sealed class StoreChangesTests : IAsyncLifetime
{
    private readonly MemoryTokenStore _records = new();
    private readonly ConcurrentDictionary<NotifyingStore, bool> _stores = new();
    private TestCluster _cluster = null!;

    private TokenSession Here => _cluster[0].Session;

    private TokenSession There => _cluster[1].Session;

    private NotifyingStore StoreThere => _stores.Keys.Single(store => store.Number == 1);

    public async ValueTask InitializeAsync()
    {
        _cluster = TestCluster.Start(2, number => new NotifyingStore(number, _records, _stores));
        await _cluster.SignInAsync();
        await QuietAsync();
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task A_sign_out_here_is_known_there()
    {
        await Here.SignOutAsync();

        await Eventually.UntilAsync(() => There.State == TokenSessionState.SignedOut);
    }

    [Fact]
    public async Task New_tokens_of_here_are_used_there_without_a_refresh()
    {
        await Here.RefreshAsync(TestContext.Current.CancellationToken);

        await Eventually.UntilAsync(() => There.Context.Current is SignedInSnapshot { Tokens.AccessToken: "access-2" });
        Assert.Equal("access-2", await There.GetAccessTokenAsync(TestContext.Current.CancellationToken));
        Assert.Equal(1, _cluster.Tokens.Calls);
    }

    [Fact]
    public async Task New_tokens_of_here_end_the_pause_after_a_failure_there()
    {
        _cluster.Tokens.RespondOnce(HttpStatusCode.Unauthorized, """{"error":"invalid_client"}""");
        await Assert.ThrowsAsync<TokenRefreshException>(() => There.RefreshAsync(TestContext.Current.CancellationToken));
        Assert.NotNull(There.Context.CoolDown);

        await Here.RefreshAsync(TestContext.Current.CancellationToken);

        await Eventually.UntilAsync(() => There.Context.Current is SignedInSnapshot { Tokens.AccessToken: "access-2" });
        Assert.Null(There.Context.CoolDown);
    }

    [Fact]
    public async Task A_new_login_here_is_the_login_there()
    {
        await Here.SignOutAsync();
        await Eventually.UntilAsync(() => There.State == TokenSessionState.SignedOut);

        await Here.SignInAsync(_cluster.Tokens.Issue());

        await Eventually.UntilAsync(() => There.State == TokenSessionState.SignedIn);
    }

    [Fact]
    public async Task A_login_that_ends_here_has_ended_there_and_is_reported_there_once()
    {
        var reported = 0;
        There.ReLoginRequired += (_, _) => Interlocked.Increment(ref reported);
        _cluster.Tokens.RevokeRefreshTokens();

        await Assert.ThrowsAsync<TokenRefreshException>(() => Here.RefreshAsync(TestContext.Current.CancellationToken));

        await Eventually.UntilAsync(() => There.State == TokenSessionState.ReLoginRequired && Volatile.Read(ref reported) == 1);
        await QuietAsync();
        Assert.Equal(1, reported);
    }

    [Fact]
    public async Task What_a_flight_has_read_costs_no_read()
    {
        var gate = _cluster.Tokens.Hold();
        var refresh = Here.RefreshAsync(TestContext.Current.CancellationToken);
        await gate.ArrivedAsync(1);
        var follower = There.RefreshAsync(TestContext.Current.CancellationToken);
        await Eventually.UntilAsync(() => StoreThere.Waits > 0);
        _cluster.Tokens.Release();
        await Task.WhenAll(refresh, follower);
        var reads = StoreThere.Reads;

        await QuietAsync();

        Assert.Equal(reads, StoreThere.Reads);
    }

    [Fact]
    public async Task A_thousand_changes_at_once_cost_a_few_reads()
    {
        var before = StoreThere.Reads;
        var gate = StoreThere.HoldReads();
        StoreThere.Notify("1-other");
        await gate.ArrivedAsync(1);

        Parallel.For(0, 1_000, number => StoreThere.Notify($"{number}-other"));
        StoreThere.ReleaseReads();
        await QuietAsync();

        Assert.InRange(StoreThere.Reads - before, 1, 3);
    }

    [Fact]
    public async Task A_store_that_is_away_then_costs_no_login()
    {
        StoreThere.IsAway = true;

        await Here.RefreshAsync(TestContext.Current.CancellationToken);
        await QuietAsync();

        Assert.Equal("access-1", await There.GetAccessTokenAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_sign_out_that_cant_be_read_at_once_is_known_when_the_store_answers()
    {
        StoreThere.IsAway = true;
        await Here.SignOutAsync();
        await QuietAsync();
        Assert.Equal(TokenSessionState.SignedIn, There.State);
        _cluster.Time.Advance(TimeSpan.FromSeconds(1));
        await QuietAsync();

        StoreThere.IsAway = false;
        _cluster.Time.Advance(TimeSpan.FromSeconds(1));

        await Eventually.UntilAsync(() => There.State == TokenSessionState.SignedOut);
    }

    [Fact]
    public async Task A_record_that_cant_be_read_after_a_change_is_read_once()
    {
        var before = StoreThere.Reads;
        StoreThere.Failure = new TokenStoreConfigurationException("The record is damaged.");

        StoreThere.Notify("1-other");
        await QuietAsync();
        _cluster.Time.Advance(TimeSpan.FromMinutes(1));
        await QuietAsync();

        Assert.Equal(before + 1, StoreThere.Reads);
    }

    [Fact]
    public async Task A_store_that_cant_subscribe_is_used_all_the_same()
    {
        await using var app = TestApp.Over(new NotifyingStore(2, new MemoryTokenStore(), _stores) { RefusesSubscriptions = true });

        await app.SignInAsync();

        Assert.Equal("access-1", await app.Session.GetAccessTokenAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_end_of_the_app_ends_the_subscription()
    {
        var store = new NotifyingStore(2, new MemoryTokenStore(), _stores);
        var app = TestApp.Over(store);
        await app.SignInAsync();
        Assert.Equal(1, store.Subscriptions);

        await app.DisposeAsync();

        Assert.Equal(0, store.Subscriptions);
    }

    [Fact]
    public async Task A_user_who_leaves_the_memory_leaves_no_subscription_and_has_one_again_after_the_return()
    {
        var store = new NotifyingStore(2, new MemoryTokenStore(), _stores);
        await using var app = TestApp.Over(store, options => options.UserKey = (request, _) => "unused");
        await SignInAsync(app, "alice");
        Assert.Equal(1, store.Subscriptions);

        await Task.Yield();
        app.Time.Advance(TimeSpan.FromHours(1));
        app.Time.Advance(TimeSpan.FromHours(1));
        Collect();
        app.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(0, store.Subscriptions);

        await app.Sessions[TestApp.Name, "alice"].GetAccessTokenAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, store.Subscriptions);
    }

    [Fact]
    public async Task A_user_who_comes_back_after_the_collector_has_one_subscription()
    {
        var store = new NotifyingStore(2, new MemoryTokenStore(), _stores);
        await using var app = TestApp.Over(store, options => options.UserKey = (request, _) => "unused");
        await SignInAsync(app, "alice");
        await Task.Yield();
        app.Time.Advance(TimeSpan.FromHours(1));
        app.Time.Advance(TimeSpan.FromHours(1));
        Collect();

        await app.Sessions[TestApp.Name, "alice"].GetAccessTokenAsync(TestContext.Current.CancellationToken);

        Assert.Equal(1, store.Subscriptions);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_sign_out_elsewhere_is_known_to_a_session_that_left_the_memory_and_is_held(bool comesBack)
    {
        await using var elsewhere = OverUsers(out _);
        await using var app = OverUsers(out _);
        var held = app.Sessions[TestApp.Name, "alice"];
        await held.SignInAsync(new TokenSet("access-9", "refresh-9"), TestContext.Current.CancellationToken);
        for (var sweep = 0; sweep < 3; sweep++)
        {
            app.Time.Advance(TimeSpan.FromHours(1));
        }

        await elsewhere.Sessions[TestApp.Name, "alice"].SignOutAsync(TestContext.Current.CancellationToken);

        var session = comesBack ? app.Sessions[TestApp.Name, "alice"] : held;
        await Eventually.UntilAsync(() => session.State == TokenSessionState.SignedOut);
    }

    [Fact]
    public async Task A_sign_out_elsewhere_while_the_login_is_loaded_is_known()
    {
        await using var elsewhere = OverUsers(out _);
        await SignInAsync(elsewhere, "alice");
        await using var app = OverUsers(out var store);
        store.AfterRead = () => elsewhere.Sessions[TestApp.Name, "alice"].SignOutAsync();

        var alice = app.Sessions[TestApp.Name, "alice"];
        await alice.GetAccessTokenAsync(TestContext.Current.CancellationToken);

        await Eventually.UntilAsync(() => alice.State == TokenSessionState.SignedOut);
    }

    [Fact]
    public async Task A_sign_out_elsewhere_before_the_answer_to_a_sign_in_is_known()
    {
        await using var elsewhere = OverUsers(out _);
        await using var app = OverUsers(out var store);
        store.AfterWrite = () => elsewhere.Sessions[TestApp.Name, "alice"].SignOutAsync();

        await SignInAsync(app, "alice");

        await Eventually.UntilAsync(() => app.Sessions[TestApp.Name, "alice"].State == TokenSessionState.SignedOut);
    }

    private TestApp OverUsers(out NotifyingStore store) =>
        TestApp.Over(store = new NotifyingStore(_stores.Count, _records, _stores), options => options.UserKey = (_, _) => "unused");

    [Fact]
    [Trait("Case", "A4")]
    public async Task A_subscription_that_throws_at_its_end_costs_no_other_its_end()
    {
        var store = new NotifyingStore(2, new MemoryTokenStore(), _stores) { ThrowsAtTheEnd = true };
        await using var app = TestApp.Over(store, options => options.UserKey = (request, _) => "unused");
        await SignInAsync(app, "alice");
        await SignInAsync(app, "bob");
        await SignInAsync(app, "eve");
        await Task.Yield();
        var held = app.Sessions[TestApp.Name, "eve"];
        app.Time.Advance(TimeSpan.FromHours(1));
        Assert.Same(held, app.Sessions[TestApp.Name, "eve"]);
        app.Time.Advance(TimeSpan.FromHours(1));
        Collect();
        app.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, store.Subscriptions);

        await app.Services.DisposeAsync();

        Assert.Equal(0, store.Subscriptions);
        GC.KeepAlive(held);
    }

    private static void Collect()
    {
        for (var round = 0; round < 3; round++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Task SignInAsync(TestApp app, string user) =>
        app.Sessions[TestApp.Name, user].SignInAsync(new TokenSet("access-9", "refresh-9"));

    // Every notification that was sent has had its read, if it needs one.
    private async Task QuietAsync()
    {
        var quiet = 0;
        var reads = -1;
        while (quiet < 20)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, TestContext.Current.CancellationToken);
            quiet = reads == StoreThere.Reads ? quiet + 1 : 0;
            reads = StoreThere.Reads;
        }
    }

    private sealed class NotifyingStore : StoreAround, ITokenStoreNotifications
    {
        private readonly ConcurrentDictionary<NotifyingStore, bool> _all;
        private readonly ConcurrentDictionary<Subscription, bool> _subscriptions = new();
        private Gate? _gate;
        private int _reads;
        private int _waits;

        public NotifyingStore(int number, MemoryTokenStore records, ConcurrentDictionary<NotifyingStore, bool> all)
            : base(records)
        {
            Number = number;
            _all = all;
            all[this] = true;
        }

        public int Number { get; }

        public int Reads => Volatile.Read(ref _reads);

        public int Waits => Volatile.Read(ref _waits);

        public int Subscriptions => _subscriptions.Count;

        public bool IsAway { get => Failure is not null; set => Failure = value ? new InvalidOperationException("away") : null; }

        /// <summary>What each read throws; null if the store can be read.</summary>
        public Exception? Failure { get; set; }

        public bool RefusesSubscriptions { get; init; }

        public bool ThrowsAtTheEnd { get; init; }

        /// <summary>What another process does after the next read, before this one has its answer.</summary>
        public Func<Task>? AfterRead { get; set; }

        /// <summary>The same after the next write.</summary>
        public Func<Task>? AfterWrite { get; set; }

        public IDisposable Subscribe(TokenSessionKey key, Action<string?> changed)
        {
            if (RefusesSubscriptions)
            {
                throw new InvalidOperationException("no subscriptions");
            }

            var subscription = new Subscription(this, changed);
            _subscriptions[subscription] = true;
            return subscription;
        }

        public Gate HoldReads() => _gate = new Gate();

        public void ReleaseReads()
        {
            var gate = _gate;
            _gate = null;
            gate?.Open();
        }

        public void Notify(string? revision)
        {
            foreach (var subscription in _subscriptions.Keys)
            {
                subscription.Changed(revision);
            }
        }

        public override async ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _reads);
            if (_gate is { } gate)
            {
                await gate.PassAsync(cancellationToken);
            }

            var stored = Failure is { } failure ? throw failure : await base.ReadAsync(key, cancellationToken);
            var after = AfterRead;
            AfterRead = null;
            await (after?.Invoke() ?? Task.CompletedTask);
            return stored;
        }

        public override ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _waits);
            return base.WaitForChangeAsync(key, revision, timeout, cancellationToken);
        }

        protected override async ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken)
        {
            var stored = await base.WriteAsync(write, cancellationToken);
            foreach (var other in _all.Keys.Where(store => store != this))
            {
                other.Notify(stored?.Revision);
            }

            var after = AfterWrite;
            AfterWrite = null;
            await (after?.Invoke() ?? Task.CompletedTask);
            return stored;
        }

        private sealed class Subscription(NotifyingStore store, Action<string?> changed) : IDisposable
        {
            public void Changed(string? revision) => changed(revision);

            public void Dispose()
            {
                store._subscriptions.TryRemove(this, out _);
                if (store.ThrowsAtTheEnd)
                {
                    throw new InvalidOperationException("The connection is closed.");
                }
            }
        }
    }
}

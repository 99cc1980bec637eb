using System.Runtime.CompilerServices;
using TokenRefresh.Refreshing;
using TokenRefresh.SingleFlight;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Refreshing;

/// <summary>A subscription to the store ends with its session, at whatever moment that ends.</summary>
public sealed class StoreSubscriptionTests
{
    private readonly Notifications _store = new();

    [Fact]
    public async Task A_session_that_ends_while_it_subscribes_leaves_no_subscription()
    {
        await using var app = TestApp.Create();
        using var changes = new StoreChanges(app.Session.Context);
        _store.Subscribing = changes.Dispose;

        changes.Subscribe(app.Session.Context.Key, _store);

        Assert.True(_store.HasEnded);
    }

    [Fact]
    public async Task A_change_ends_the_subscription_of_a_session_that_has_left_the_memory()
    {
        await using var app = TestApp.Create();
        using var changes = SubscribeAndForget(app);
        for (var round = 0; round < 3; round++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(_store.HasEnded);
        _store.Notify();

        await Eventually.UntilAsync(() => _store.HasEnded);
    }

    // Out of the caller's frame, or its locals would keep the session.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private StoreChanges SubscribeAndForget(TestApp app)
    {
        var context = new SessionContext(app.Session.Context.Services, "alice", app.Session, SignedOutSnapshot.Initial);
        var changes = new StoreChanges(context);
        changes.Subscribe(context.Key, _store);
        return changes;
    }

    private sealed class Notifications : ITokenStoreNotifications, IDisposable
    {
        private Action<string?>? _changed;

        public Action? Subscribing { get; set; }

        public bool HasEnded { get; private set; }

        public void Notify() => _changed!("another revision");

        public IDisposable Subscribe(TokenSessionKey key, Action<string?> changed)
        {
            _changed = changed;
            Subscribing?.Invoke();
            return this;
        }

        public void Dispose() => HasEnded = true;
    }
}

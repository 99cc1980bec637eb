using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Refreshing;

/// <summary>
/// Code of the app registers a callback on the token that it gets, and the callback throws. On the thread of a timer that would end the
/// process; here it would come out of <c>Advance</c>.
/// </summary>
[Trait("Case", "A4")]
public sealed class AppCallbackTests
{
    [Fact]
    public async Task An_endpoint_whose_callback_throws_at_the_deadline_ends_no_timer_and_is_logged()
    {
        using var logs = new CapturingLoggerProvider();
        var endpoint = new Endpoint();
        await using var app = TestApp.Create(services: services =>
        {
            logs.Add(services);
            services.AddTokenSession(TestApp.Name).UseEndpoint(_ => endpoint);
        });
        await app.SignInAsync();
        var refresh = app.Session.RefreshAsync(TestContext.Current.CancellationToken);
        await endpoint.Asked.ArrivedAsync(1);

        app.Time.Advance(TimeSpan.FromSeconds(30));

        Assert.True((await Assert.ThrowsAsync<TokenRefreshException>(() => refresh)).IsTransient);
        await Eventually.UntilAsync(() => logs.Messages.Any(line => line.EventName == "HandlerThrew"));
        endpoint.Answer.SetResult(TokenEndpointResult.Rejected("invalid_grant"));
    }

    [Fact]
    public async Task A_store_whose_callback_throws_at_the_deadline_ends_no_timer()
    {
        var store = new Store();
        await using var app = TestApp.Over(store);
        await app.SignInAsync();
        store.Hangs = true;
        var refresh = app.Session.RefreshAsync(TestContext.Current.CancellationToken);
        await store.Asked.ArrivedAsync(1);

        app.Time.Advance(TimeSpan.FromSeconds(30));

        Assert.True((await Assert.ThrowsAsync<TokenRefreshException>(() => refresh)).IsTransient);
        Assert.Equal(0, app.Tokens.Calls);
        store.Hangs = false;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_store_whose_lock_throws_at_its_release_costs_no_result_and_no_event(bool isRejected)
    {
        await using var app = TestApp.Over(new LockedStore());
        await app.SignInAsync();
        if (isRejected)
        {
            app.Tokens.RevokeRefreshTokens();
        }

        var refresh = app.Session.RefreshAsync(TestContext.Current.CancellationToken);

        if (isRejected)
        {
            Assert.Equal(TokenRefreshFailure.ReLoginRequired, (await Assert.ThrowsAsync<TokenRefreshException>(() => refresh)).Failure);
        }
        else
        {
            await refresh;
        }

        await Eventually.UntilAsync(() => (app.ReLogins.Count, app.Refreshes.Count) == (isRejected ? (1, 0) : (0, 1)));
    }

    private static void Spoil(CancellationToken cancellationToken) =>
        cancellationToken.Register(() => throw new InvalidOperationException("The window is gone."));

    private sealed class Endpoint : ITokenEndpoint
    {
        public Gate Asked { get; } = new();

        public TaskCompletionSource<TokenEndpointResult> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<TokenEndpointResult> RequestTokenAsync(TokenEndpointRequest request, CancellationToken cancellationToken)
        {
            Spoil(cancellationToken);
            _ = Asked.PassAsync(CancellationToken.None);
            return Answer.Task;
        }
    }

    private sealed class Store : StoreAround
    {
        private readonly TaskCompletionSource<StoredRecord?> _never = new();

        public Gate Asked { get; } = new();

        public bool Hangs { get; set; }

        public override ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken) =>
            Hangs ? Hang(cancellationToken) : base.ReadAsync(key, cancellationToken);

        protected override ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken) =>
            Hangs ? Hang(cancellationToken) : base.WriteAsync(write, cancellationToken);

        private ValueTask<StoredRecord?> Hang(CancellationToken cancellationToken)
        {
            Spoil(cancellationToken);
            _ = Asked.PassAsync(CancellationToken.None);
            return new ValueTask<StoredRecord?>(_never.Task);
        }
    }

    private sealed class LockedStore : StoreAround, ITokenStoreLock
    {
        public ValueTask<IDisposable?> TryLockAsync(TokenSessionKey key, CancellationToken cancellationToken) => new(new BrokenLock());

        private sealed class BrokenLock : IDisposable
        {
            public void Dispose() => throw new InvalidOperationException("The share is gone.");
        }
    }
}

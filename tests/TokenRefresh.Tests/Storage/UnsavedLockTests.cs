using System.Collections.Concurrent;
using System.Net;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Storage;

/// <summary>Tokens that can't be saved keep the store's lock: another process of the machine must not send the used refresh token.</summary>
public sealed class UnsavedLockTests
{
    private readonly DictionaryTokenStore _records = new();
    private readonly ConcurrentDictionary<int, LockedStore> _stores = new();

    [Fact]
    [Trait("Case", "C35")]
    public async Task Another_process_waits_until_the_tokens_are_saved_and_sends_no_used_token()
    {
        await using var cluster = await UnsavedAsync();
        var request = cluster[1].GetAsync();
        await _stores[1].BusyLocks.ArrivedAsync(3);

        _stores[0].SavesFail = false;
        await AdvanceUntilDoneAsync(cluster, request);

        using var response = await request;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["refresh-1"], cluster.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    [Trait("Case", "C35")]
    public async Task The_process_itself_refreshes_again_once_its_tokens_are_saved()
    {
        await using var cluster = await UnsavedAsync();
        _stores[0].SavesFail = false;
        cluster.Tokens.ExpireAccessTokens();

        using var response = await cluster[0].GetAsync().WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["refresh-1", "refresh-2"], cluster.Tokens.ReceivedRefreshTokens);
        Assert.Equal(0, _stores[0].Held);
    }

    [Fact]
    [Trait("Case", "C36")]
    public async Task A_sign_out_gives_the_lock_back()
    {
        await using var cluster = await UnsavedAsync();
        Assert.Equal(1, _stores[0].Held);

        await cluster[0].Session.SignOutAsync();
        cluster.Time.Advance(TimeSpan.FromSeconds(1));

        await Eventually.UntilAsync(() => _stores[0].Held == 0);
    }

    [Fact]
    [Trait("Case", "C22")]
    public async Task The_end_of_the_app_gives_the_lock_back()
    {
        await using var cluster = await UnsavedAsync();
        Assert.Equal(1, _stores[0].Held);

        await cluster[0].Services.DisposeAsync().AsTask().WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(0, _stores[0].Held);
    }

    /// <summary>Two processes, one of which has refreshed and couldn't save.</summary>
    private async Task<TestCluster> UnsavedAsync()
    {
        var cluster = TestCluster.Start(
            2, number => _stores[number] = new LockedStore(_records), options => options.MinRefreshInterval = TimeSpan.Zero);
        await cluster.SignInAsync();
        cluster.Tokens.ExpireAccessTokens();
        _stores[0].SavesFail = true;
        using var unsaved = await cluster[0].GetAsync();
        Assert.Equal(HttpStatusCode.OK, unsaved.StatusCode);
        return cluster;
    }

    // The other process looks every 100 ms, the deferred save is tried every second.
    private static async Task AdvanceUntilDoneAsync(TestCluster cluster, Task task)
    {
        for (var step = 0; step < 250 && !task.IsCompleted; step++)
        {
            cluster.Time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.WhenAny(task, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System));
        }

        await task.WaitAsync(Gate.FailSafe, TimeProvider.System);
    }

    /// <summary>A store with a lock, as one process has it. Its saves can fail.</summary>
    private sealed class LockedStore(DictionaryTokenStore store) : StoreAround(store), ITokenStoreLock
    {
        private int _held;

        public bool SavesFail { get; set; }

        public int Held => Volatile.Read(ref _held);

        /// <summary>Every attempt to take the lock while another process holds it passes this gate.</summary>
        public Gate BusyLocks { get; } = new();

        public async ValueTask<IDisposable?> TryLockAsync(TokenSessionKey key, CancellationToken cancellationToken)
        {
            if (await store.TryLockAsync(key, cancellationToken) is { } taken)
            {
                Interlocked.Increment(ref _held);
                return new HeldLock(this, taken);
            }

            _ = BusyLocks.PassAsync(CancellationToken.None);
            return null;
        }

        // It isn't the store of the documentation that waits here, but a poll of a clock that a test moves.
        public override ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken) => default;

        protected override ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken) =>
            SavesFail && write.Kind == StoreWriteKind.Save ? throw new IOException("The disk is full.") : base.WriteAsync(write, cancellationToken);

        private sealed class HeldLock(LockedStore owner, IDisposable taken) : IDisposable
        {
            private int _isDisposed;

            public void Dispose()
            {
                if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
                {
                    Interlocked.Decrement(ref owner._held);
                    taken.Dispose();
                }
            }
        }
    }
}

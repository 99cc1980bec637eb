using System.Runtime.CompilerServices;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>Whatever fails or is cancelled, no exception of a task goes unobserved.</summary>
[Collection("Unobserved exceptions")]
public sealed class UnobservedExceptionTests
{
    [Fact]
    [Trait("Case", "C20")]
    public async Task A_failed_refresh_whose_requests_are_cancelled_leaves_none()
    {
        Assert.Empty(await UnobservedExceptions.CollectAsync(FailAndCancelAsync));
    }

    [Fact]
    [Trait("Case", "C20")]
    public async Task A_store_that_fails_after_the_deadline_leaves_none()
    {
        Assert.Empty(await UnobservedExceptions.CollectAsync(FailLateAsync));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task FailAndCancelAsync()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        app.Tokens.FailOnce(new InvalidOperationException("broken"));
        using var cancellation = new CancellationTokenSource();
        var refresh = app.Tokens.Hold();
        var requests = Enumerable.Range(0, 20).Select(_ => app.GetAsync(cancellation.Token)).ToArray();
        await refresh.ArrivedAsync(1);
        await cancellation.CancelAsync();
        refresh.Open();
        foreach (var request in requests)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task FailLateAsync()
    {
        var store = new LateStore();
        await using var app = TestApp.Over(store);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var request = app.GetAsync();
        await store.Acquires.ArrivedAsync(1);

        app.Time.Advance(TimeSpan.FromSeconds(31));
        await Assert.ThrowsAsync<TokenRefreshException>(() => request.WaitAsync(Gate.FailSafe, TimeProvider.System));
        store.Acquires.Open();
        await store.HasFailed.ArrivedAsync(1);
    }

    /// <summary>A store that ignores cancellation of an acquire, and fails it when its gate opens.</summary>
    private sealed class LateStore : StoreAround
    {
        public Gate Acquires { get; } = new();

        public Gate HasFailed { get; } = new();

        protected override async ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken)
        {
            if (write.Kind != StoreWriteKind.Acquire)
            {
                return await base.WriteAsync(write, cancellationToken);
            }

            await Acquires.PassAsync(CancellationToken.None);
            _ = HasFailed.PassAsync(CancellationToken.None);
            throw new IOException("The network drive is gone.");
        }
    }
}

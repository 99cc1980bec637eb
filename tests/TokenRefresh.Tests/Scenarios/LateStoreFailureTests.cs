using System;
using System.IO;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;
using Xunit;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>A store call that fails after its flight has ended leaves no unobserved exception.</summary>
public sealed class LateStoreFailureTests
{
    [Fact]
    [Trait("Case", "C20")]
    public async Task A_store_that_fails_after_the_deadline_leaves_no_unobserved_exception()
    {
        Assert.Empty(await UnobservedExceptions.CollectAsync(FailLateAsync, nameof(LateStoreFailureTests)));
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

using System;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace TokenRefresh.Tests.Storage;

public sealed class SingleProcessTokenStoreTests
{
    [Fact]
    public async Task A_follower_looks_again_after_fifty_milliseconds_or_sooner_where_a_lease_ends_sooner()
    {
        var time = new FakeTimeProvider();
        var store = new DictionaryTokenStore(time);
        var shorter = store.WaitForChangeAsync(new TokenSessionKey("orders"), 1, TimeSpan.FromMilliseconds(10), TestContext.Current.CancellationToken).AsTask();
        var longer = store.WaitForChangeAsync(new TokenSessionKey("orders"), 1, TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken).AsTask();

        time.Advance(TimeSpan.FromMilliseconds(10));
        await shorter.WaitAsync(Gate.FailSafe, TimeProvider.System);
        Assert.False(longer.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(40));
        await longer.WaitAsync(Gate.FailSafe, TimeProvider.System);
    }
}

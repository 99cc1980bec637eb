using System.Threading.Tasks;
using TokenRefresh.SingleFlight;
using Xunit;

namespace TokenRefresh.Tests.SingleFlight;

public sealed class OpenWorkTests
{
    [Fact]
    public async Task All_who_drain_wait_for_the_last_one_out()
    {
        var work = new OpenWork();
        Assert.True(work.TryEnter());

        var first = work.DrainAsync();
        var second = work.DrainAsync();
        Assert.False(first.IsCompleted);
        Assert.True(work.Stopping.IsCancellationRequested);
        Assert.False(work.TryEnter());
        work.Exit();

        await first;
        await second;
    }
}

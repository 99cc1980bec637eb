using TokenRefresh.Refreshing;

namespace TokenRefresh.Tests.Refreshing;

public sealed class WorkTrackerTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    private readonly WorkTracker _work = new();

    [Fact]
    public async Task Every_drain_waits_for_the_last_piece_of_work()
    {
        Assert.True(_work.TryBegin());

        var first = _work.DrainAsync(Long);
        var second = _work.DrainAsync(Long);
        Assert.False(first.IsCompleted);
        Assert.True(_work.Stopping.IsCancellationRequested);
        Assert.False(_work.TryBegin());
        _work.End();

        await first;
        await second;
        Assert.False(_work.Aborting.IsCancellationRequested);
    }

    [Fact]
    public async Task A_follow_up_is_waited_for_while_other_work_is_running_and_not_after_the_drain()
    {
        Assert.True(_work.TryBegin());
        var drain = _work.DrainAsync(Long);
        Assert.True(_work.TryBeginFollowUp());
        _work.End();
        Assert.False(drain.IsCompleted);
        _work.End();

        await drain;
        Assert.False(_work.TryBeginFollowUp());
    }

    [Fact]
    [Trait("Case", "N5")]
    public async Task Work_that_never_ends_is_aborted_and_left_after_the_limit()
    {
        Assert.True(_work.TryBegin());

        await _work.DrainAsync(TimeSpan.FromMilliseconds(50));

        Assert.True(_work.Aborting.IsCancellationRequested);
    }

    [Fact]
    [Trait("Case", "A4")]
    public async Task A_callback_that_throws_does_not_end_the_drain()
    {
        Assert.True(_work.TryBegin());
        using var registration = _work.Stopping.Register(() => throw new InvalidOperationException("The window is gone."));

        var drain = _work.DrainAsync(Long);
        Assert.False(drain.IsCompleted);
        _work.End();

        await drain;
    }
}

using System.Collections;
using System.Reflection;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Storage;

namespace TokenRefresh.Tests.Storage;

/// <summary>Who may write, within one process and beside another.</summary>
public sealed class FileLockTests : IDisposable
{
    private readonly string _directory = TestDirectory.Create();
    private readonly FakeTimeProvider _time = new();

    private string Lock => Path.Combine(_directory, "record.lock");

    // A server with many users would keep one for each for good.
    private bool IsRemembered =>
        ((IDictionary)typeof(FileLock).GetField("Queues", BindingFlags.NonPublic | BindingFlags.Static)!.GetValue(null)!).Contains(Lock);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Within_a_process_writers_queue_and_none_gives_up_on_the_others()
    {
        var first = await TakeAsync();
        var second = TakeAsync();
        first.Dispose();
        var holder = await second.WaitAsync(Gate.FailSafe, TimeProvider.System);
        var third = TakeAsync();

        // Another process's lock would be given up by now.
        _time.Advance(TimeSpan.FromMinutes(1));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.False(third.IsCompleted);

        holder.Dispose();
        using (await third.WaitAsync(Gate.FailSafe, TimeProvider.System))
        {
            Assert.True(IsRemembered);
        }

        Assert.False(IsRemembered);
    }

    [Fact]
    public async Task A_caller_that_is_cancelled_in_the_queue_blocks_no_other()
    {
        var first = await TakeAsync();
        using var cancel = new CancellationTokenSource();
        var second = TakeAsync(cancel.Token);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.WaitAsync(Gate.FailSafe, TimeProvider.System));
        first.Dispose();

        Assert.False(IsRemembered);
    }

    [Fact]
    public async Task A_process_that_stops_waiting_for_another_delays_no_process()
    {
        (await TakeAsync()).Dispose();
        await using (new FileStream(Lock, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            var waiting = TakeAsync();
            while (!waiting.IsCompleted)
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                await Task.Yield();
            }

            await Assert.ThrowsAsync<TimeoutException>(() => waiting);
            Assert.False(IsRemembered);
        }

        using var next = await TakeAsync();
    }

    [Fact]
    public async Task A_failure_that_waiting_doesnt_solve_is_not_waited_for()
    {
        Directory.Delete(_directory);
        try
        {
            await Assert.ThrowsAsync<DirectoryNotFoundException>(TakeAsync);
            Assert.False(IsRemembered);
        }
        finally
        {
            TestDirectory.Create(_directory);
        }
    }

    private Task<FileLock> TakeAsync() => TakeAsync(default);

    private Task<FileLock> TakeAsync(CancellationToken cancellationToken) =>
        FileLock.TakeAsync(new OwnerOnlyFile(), Lock, _time, cancellationToken).WaitAsync(Gate.FailSafe, TimeProvider.System, CancellationToken.None);
}

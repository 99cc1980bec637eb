using TokenRefresh.TestKit;

namespace TokenRefresh.ServerTests;

/// <summary>What a newcomer sees of QuickStart, and when.</summary>
public sealed class QuickStartTests
{
    // A busy machine may delay a run, also by more than its tokens live: the best of them counts.
    private const int Runs = 5;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(20);

    [Fact]
    [Trait("Case", "N13")]
    public async Task QuickStart_says_at_once_what_it_does_and_is_not_silent_for_long()
    {
        for (var run = 1; ; run++)
        {
            await using var sample = SampleProcess.Start("QuickStart", "QuickStart");

            var failure = await sample.EndAsync() == 0 ? FindDelay(sample) : sample.Output;

            Assert.Contains("Shows that a hundred requests need one refresh", sample.Lines[1].Text, StringComparison.Ordinal);
            if (failure is null)
            {
                return;
            }

            Assert.True(run < Runs, failure);
            await Task.Delay(Pause, TimeProvider.System);
        }
    }

    /// <returns>The line that came too late; <see langword="null"/>: none did.</returns>
    private static string? FindDelay(SampleProcess sample)
    {
        var lines = sample.Lines;

        // Other test programs run at the same time, and start dozens of processes.
        var slowness = Machine.Slowness;
        var late = lines.Zip(lines.Skip(1)).Where(pair => pair.Second.After - pair.First.After > slowness * TimeSpan.FromSeconds(4))
            .Select(pair => pair.Second)
            .Concat(lines.Take(2).Where(line => line.After > slowness * TimeSpan.FromSeconds(1)))
            .Concat(lines.TakeLast(1).Where(line => line.After > slowness * TimeSpan.FromSeconds(10)));
        return late.Select(line => $"{line.After.TotalSeconds:0.0} s: {line.Text}\n{sample.Output}").FirstOrDefault();
    }
}

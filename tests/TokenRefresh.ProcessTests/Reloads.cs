using System.Globalization;
using TokenRefresh.TestKit;
using TokenRefresh.Testing;

namespace TokenRefresh.ProcessTests;

/// <summary>Processes that start again and again, as pages do that are reloaded.</summary>
internal static class Reloads
{
    /// <summary>How many run at a time.</summary>
    public const int Processes = 6;

    /// <summary>
    /// Runs them for the reload time. It takes longer if too little has happened by then: a process that opens a database starts
    /// slowly, and after a kill in mid-refresh all processes wait for the end of a lease of 8 s.
    /// </summary>
    /// <param name="isEnough">Whether enough has happened.</param>
    /// <param name="reload">Runs one process. The arguments are its place among the six, and how many ran there before.</param>
    public static Task RunAsync(Func<Task<bool>> isEnough, Func<int, int, Task> reload)
    {
        var start = TimeProvider.System.GetTimestamp();
        return Task.WhenAll(Enumerable.Range(0, Processes).Select(LoopAsync));

        async Task LoopAsync(int slot)
        {
            for (var round = 0; await IsOnAsync(TimeProvider.System.GetElapsedTime(start)); round++)
            {
                await reload(slot, round);
            }
        }

        async Task<bool> IsOnAsync(TimeSpan elapsed) =>
            elapsed < Machine.ReloadTime || (elapsed < Machine.Slowness * Gate.FailSafe && !await isEnough());
    }

    /// <summary>What the processes said, counted.</summary>
    public sealed class Outcomes
    {
        private readonly Dictionary<string, int> _counts = [];

        public int this[string outcome] => _counts.GetValueOrDefault(outcome);

        public void Add(IEnumerable<string> lines)
        {
            lock (_counts)
            {
                _counts["reloads"] = this["reloads"] + 1;
                foreach (var words in lines.Select(line => line.Split(' ')))
                {
                    _counts[words[0]] = this[words[0]] + (words.Length > 1 && int.TryParse(words[1], CultureInfo.InvariantCulture, out var count) ? count : 1);
                }
            }
        }

        public override string ToString() => string.Join(", ", _counts.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}: {pair.Value}"));
    }
}

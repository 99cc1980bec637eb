namespace TokenRefresh.Benchmarks;

/// <summary>
/// Ten million sessions on 200 nodes, at a tenth of the size: when does each refresh, and how high is the herd? Only arithmetic: what
/// it takes for an operation comes from the measurements.
/// </summary>
internal static class Simulation
{
    private const int Sessions = 10_000_000;
    private const int Sample = 1_000_000;
    private const double Lifetime = 300;
    private const int Hour = 3600;

    /// <summary>A table, as Markdown: refreshes a second in four situations.</summary>
    public static string Run()
    {
        var random = new Random(1);
        return string.Join('\n',
        [
            "| Situation | mean refreshes/s | highest second, with jitter | highest second, without |",
            "|---|---|---|---|",
            Line("steady: users came one after another", _ => random.NextDouble() * Lifetime, random),
            Line("a deployment: all have signed in, or were loaded, within 60 s", _ => random.NextDouble() * 60, random),
            Line("an outage of the token server of 10 min: all wait, and come back with a cool-down of 24 to 36 s", _ => 24 + (random.NextDouble() * 12), random),
            Line("a flush of all tokens at one instant", _ => 0, random),
        ]);
    }

    private static string Line(string situation, Func<int, double> firstReceived, Random random)
    {
        var with = Highest(firstReceived, random, isJittered: true);
        var without = Highest(firstReceived, random, isJittered: false);
        return FormattableString.Invariant($"| {situation} | {with.Mean:N0} | {with.Peak:N0} | {without.Peak:N0} |");
    }

    /// <summary>Each active session refreshes when its window opens: a fifth of the lifetime before the end, and up to a tenth of that earlier.</summary>
    private static (double Mean, double Peak) Highest(Func<int, double> firstReceived, Random random, bool isJittered)
    {
        var seconds = new Dictionary<int, int>();
        var refreshes = 0;
        for (var session = 0; session < Sample; session++)
        {
            for (var received = firstReceived(session); received < Hour;)
            {
                var window = Lifetime * 0.2;
                var at = received + Lifetime - window - (isJittered ? window * 0.1 * random.NextDouble() : 0);

                // The first two lifetimes are where a herd is a herd.
                if (at < Hour)
                {
                    seconds[(int)at] = seconds.GetValueOrDefault((int)at) + 1;
                    refreshes++;
                }

                received = at;
            }
        }

        const double scale = (double)Sessions / Sample;
        return (refreshes * scale / Hour, seconds.Values.Max() * scale);
    }
}

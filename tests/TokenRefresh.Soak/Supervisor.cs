using System.Diagnostics;
using System.Globalization;
using TokenRefresh.Samples.Servers;
using TokenRefresh.TestKit;

namespace TokenRefresh.Soak;

/// <summary>Starts the servers and the nodes, kills nodes and revokes logins at random, and knows the cause of everything that happens to a login.</summary>
internal sealed class Supervisor(TimeSpan time)
{
    // A killed leader's lease lasts 35 s; the next one is refused then.
    private static readonly TimeSpan CauseLasts = TimeSpan.FromSeconds(90);

    private readonly object _lock = new();
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _causes = new(StringComparer.Ordinal);
    private readonly List<double[]> _holds = [];
    private readonly List<string> _faults = [];
    private int _killsInRefresh;

    public async Task<bool> RunAsync()
    {
        var directory = Directory.CreateTempSubdirectory("tokenrefresh-soak-").FullName;
        var port = FreePort.Find();
        using var redis = Process.Start(new ProcessStartInfo(
            "redis-server", [.. $"--port {port} --bind 127.0.0.1 --appendonly no --logfile redis.log --dir".Split(' '), directory, "--save", ""])
        { UseShellExecute = false })!;
        try
        {
            await using var server = await OAuthServer.StartAsync(new OAuthServerOptions
            {
                AccessTokenLifetime = TimeSpan.FromSeconds(3),
                RefreshTokenLifetime = TimeSpan.FromHours(5),
                BeforeRefresh = () => Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(200)), TimeProvider.System),
            });
            await SoakAsync(server, $"127.0.0.1:{port},abortConnect=false");
            return Judge(server.Counters);
        }
        finally
        {
            redis.Kill();
            await redis.WaitForExitAsync();
            Directory.Delete(directory, recursive: true);
        }
    }

    private async Task SoakAsync(OAuthServer server, string redis)
    {
        RunningNode Start(Action<string[]> heard) => new(redis, server.Api, server.TokenEndpoint, heard);

        // The first is never killed: what it holds has to stay what it is.
        using var steady = Start(Hear);
        var others = new List<RunningNode> { Start(HearOther), Start(HearOther) };
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < time;)
        {
            await Task.Delay(TimeSpan.FromSeconds(2 + Random.Shared.Next(6)), TimeProvider.System);
            if (Random.Shared.Next(6) == 0)
            {
                var user = $"user-{Random.Shared.Next(Node.Users)}";
                Cause(user);
                Count("revocations");
                await server.RevokeAsync(user);
                continue;
            }

            var (i, isKill) = (Random.Shared.Next(others.Count), Random.Shared.Next(3) > 0);
            Count(isKill ? "killed" : "stopped");
            if (isKill)
            {
                foreach (var user in await others[i].KillAsync())
                {
                    Cause(user);
                    _killsInRefresh++;
                }
            }
            else
            {
                await StopAsync(others[i]);
            }

            others[i].Dispose();
            others[i] = Start(HearOther);
        }

        await StopAsync(steady);
        foreach (var node in others)
        {
            await StopAsync(node);
            node.Dispose();
        }
    }

    private async Task StopAsync(RunningNode node)
    {
        if (await node.StopAsync() is var code and not 0)
        {
            _faults.Add($"A node ended with exit code {code}.");
        }
    }

    private void Hear(string[] words)
    {
        if (words is ["holds", ..])
        {
            lock (_lock)
            {
                _holds.Add([.. words.Skip(1).Select(word => double.Parse(word, CultureInfo.InvariantCulture))]);
            }
        }

        HearOther(words);
    }

    private void HearOther(string[] words)
    {
        lock (_lock)
        {
            if (words is ["count", var what])
            {
                Count(what);
            }
            else if (words is ["relogin", var user, var reason])
            {
                Count("re-login " + reason);
                if (!_causes.TryGetValue(user, out var cause) || TimeProvider.System.GetUtcNow() - cause > CauseLasts)
                {
                    _faults.Add($"A re-login of {user} ({reason}) that nothing caused.");
                }
            }
        }
    }

    private void Cause(string user)
    {
        lock (_lock)
        {
            _causes[user] = TimeProvider.System.GetUtcNow();
        }
    }

    private void Count(string what)
    {
        lock (_lock)
        {
            _counts[what] = _counts.GetValueOrDefault(what) + 1;
        }
    }

    private bool Judge(ServerCounters counters)
    {
        if (counters.PresentedTwice > _killsInRefresh)
        {
            _faults.Add($"{counters.PresentedTwice} refresh tokens were presented twice, and only {_killsInRefresh} refreshes were cut off by a kill.");
        }

        if (counters.RefreshesGranted == 0 || counters.Api200 == 0)
        {
            _faults.Add("Nothing was refreshed.");
        }

        Console.WriteLine($"{counters.Refreshes} refreshes, {counters.RefreshesGranted} granted, {counters.PresentedTwice} refresh tokens presented twice, "
            + $"{_killsInRefresh} refreshes cut off by a kill; API: {counters.Api200} x 200, {counters.Api401} x 401.");
        Console.WriteLine(string.Join(", ", _counts.OrderBy(count => count.Key, StringComparer.Ordinal).Select(count => $"{count.Key}: {count.Value}")));
        JudgeHold("managed bytes", 0, slack: 1_000_000);
        JudgeHold("handles", 1, slack: 8);
        JudgeHold("threads", 2, slack: 8);
        JudgeHold("sockets", 3, slack: 8);
        _faults.ForEach(Console.WriteLine);
        Console.WriteLine(_faults.Count == 0 ? "passed" : "failed");
        return _faults.Count == 0;
    }

    // The last quarter of the run against the second: the first is warming up.
    private void JudgeHold(string what, int index, double slack)
    {
        double Median(int quarter)
        {
            var length = _holds.Count / 4;
            var values = _holds.Skip(quarter * length).Take(length).Select(holds => holds[index]).Order().ToArray();
            return values.Length == 0 ? double.NaN : values[values.Length / 2];
        }

        var (early, late) = (Median(1), Median(3));
        Console.WriteLine($"{what}: {early} in the second quarter, {late} in the last");
        if (!(late <= early + slack))
        {
            _faults.Add($"The steady node's {what} grew from {early} to {late}.");
        }
    }
}

using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using TokenRefresh.Benchmarks.Runs;

namespace TokenRefresh.Benchmarks;

/// <summary>What was measured, beside what was to be reached.</summary>
internal sealed class Report
{
    private readonly Dictionary<string, object> _results = [];
    // What a waiting request takes today, and a little more for the few requests of a smoke run. The target is lower.
    private const int MostHeldBytes = 500;

    private readonly List<string> _notes = [];

    public void Add(string name, object result)
    {
        _results[name] = result;
        Console.WriteLine($"{name}: {(result is IEnumerable<(double, double)> points ? string.Join(", ", points) : result)}");
    }

    public void Note(string note)
    {
        _notes.Add(note);
        Console.WriteLine(note);
    }

    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.AppendLine("| | limit | measured | |").AppendLine("|---|---|---|---|");
        foreach (var (what, limit, measured, isReached) in Targets())
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {what} | {limit} | {measured} | {(isReached ? "met" : "**not met**")} |");
        }

        text.AppendLine().AppendLine("| | ns | × floor | bytes | 16 callers: throughput to floor |").AppendLine("|---|---|---|---|---|");
        foreach (var (name, row) in All<Ratios.Row>())
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {name} | {row.Nanoseconds:0} | {row.OverFloor:0.00} | {row.Bytes:0} | {row.Throughput:0.00} |");
        }

        text.AppendLine()
            .AppendLine("| requests rejected at once | refreshes | ms after the refresh until all have 200 | × ideal | bytes of a waiting request |")
            .AppendLine("|---|---|---|---|---|");
        foreach (var (name, storm) in All<Storms.Storm>())
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {name["storm: ".Length..]} | {storm.Calls} | {storm.Milliseconds:0.0} | {storm.OverIdeal:0.00} | {storm.BytesEach:0} |");
        }

        text.AppendLine().AppendLine("| nodes on one Redis | leader, ms | last follower, ms | scripts in all | refreshes too many |").AppendLine("|---|---|---|---|---|");
        foreach (var (name, shared) in All<SharedRefresh.Shared>())
        {
            text.AppendLine(CultureInfo.InvariantCulture,
                $"| {name["redis: ".Length..]} | {shared.Leader:0.0} | {shared.LastFollower:0.0} | {shared.Scripts:0.0} | {shared.CallsTooMany} |");
        }

        text.AppendLine().AppendLine("| how a cost grows | exponent (0: flat, 1: in proportion) |").AppendLine("|---|---|");
        foreach (var (what, exponent) in Exponents())
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {what} | {exponent:0.00} |");
        }

        foreach (var note in _notes)
        {
            text.AppendLine().AppendLine(note);
        }

        return text.ToString();
    }

    /// <summary>What isn't reached of all that doesn't depend on how busy the machine is: bytes and calls.</summary>
    public IReadOnlyList<string> Missed() =>
    [
        .. Targets()
            .Where(target => !target.IsReached && !target.What.StartsWith("waiting request", StringComparison.Ordinal) && (target.What.Contains("bytes", StringComparison.Ordinal) || target.What.Contains("trips", StringComparison.Ordinal) || target.What.StartsWith("refreshes", StringComparison.Ordinal)))
            .Select(target => $"{target.What}: {target.Measured}, and at most {target.Limit}"),
        .. All<Storms.Storm>().Where(storm => storm.Result.BytesEach > MostHeldBytes).Select(storm => $"{storm.Name}: {storm.Result.BytesEach} bytes of a waiting request"),
    ];

    /// <summary>Writes the table and the plot into the pages that show them, between their marks.</summary>
    public void WriteTo(string docs)
    {
        var where = $"{TimeProvider.System.GetUtcNow():yyyy-MM-dd}, {Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}.";
        File.WriteAllText(Path.Combine(docs, "performance.svg"), Plot.Draw(All<Ratios.Row>().Where(pair => pair.Name.StartsWith("stub", StringComparison.Ordinal))));
        Replace(Path.Combine(docs, "performance.md"), where + "\n\n" + ToMarkdown().TrimEnd());
        Replace(Path.Combine(docs, "internals", "scale.md"), Simulation.Run());
    }

    internal static void Replace(string page, string text)
    {
        const string begin = "<!-- measured -->", end = "<!-- /measured -->";
        var old = File.ReadAllText(page);
        var from = old.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        var to = old.IndexOf(end, from, StringComparison.Ordinal);
        File.WriteAllText(page, $"{old[..from]}\n{text}\n{old[to..]}");
    }

    private IEnumerable<(string What, string Limit, string Measured, bool IsReached)> Targets()
    {
        var (ours, floor, none) = (Row("stub: TokenRefresh"), Row("stub: floor"), Row("stub: no handler"));
        var bare = Row("bare: TokenRefresh");
        yield return Target("good token, bare: time over floor", 1.35, bare.OverFloor, "0.00 ×");
        yield return Target("good token, stub: time over floor", 1.12, ours.OverFloor, "0.00 ×");
        yield return Target("good token, stub: bytes over floor", 0, ours.Bytes - floor.Bytes, "0");
        yield return Target("good token, stub: bytes over no handler", 300, ours.Bytes - none.Bytes, "0");
        yield return Target("good token, loopback: time over floor", 1.02, Row("loopback: TokenRefresh").OverFloor, "0.00 ×");
        yield return ("16 callers, bare: throughput to floor", "at least 0.80", $"{bare.Throughput:0.00}", bare.Throughput >= 0.80);
        var storm = All<Storms.Storm>().Last();
        yield return Target($"{storm.Name["storm: ".Length..]} waiting requests: time over the ideal", 1.11, storm.Result.OverIdeal, "0.000 ×");
        yield return Target("waiting request: bytes over a 401 and a resend by hand", 290, storm.Result.BytesEach, "0");
        yield return ("refreshes: an expiry, a rejected refresh token, late 401s", "1, 1, 0", $"{storm.Result.Calls}, {_results["rejected refresh token: calls"]}, {_results["late 401s: refreshes"]}",
            (storm.Result.Calls, _results["rejected refresh token: calls"], _results["late 401s: refreshes"]) is (1, 1, 0));
        yield return Target("bytes of a signed-in user, tokens not counted", 390, (double)_results["sessions: bytes each"], "0");
        yield return Target("ASP.NET Core, a request with a valid cookie: µs over the cookie handler alone", 2, (double)_results["cookie: µs"], "0.00");
        yield return Target("ASP.NET Core, a request with a valid cookie: bytes over the cookie handler alone", 500, (double)_results["cookie: bytes"], "0");
        yield return Target("ASP.NET Core, requests with a valid cookie: trips to the store", 0, (int)_results["cookie: store trips"], "0");
        yield return Target("ASP.NET Core, bytes of the cookie, at most those of one with SaveTokens", (int)_results["cookie: length with SaveTokens"],
            (int)_results["cookie: length"], "0");
    }

    private IEnumerable<(string What, double Exponent)> Exponents()
    {
        yield return ("time of a request, 1 → 100,000 sessions", Exponent((List<(double, double)>)_results["sessions: ns per request"]));
        yield return ("time until all waiting requests are through, by their number",
            Exponent([.. All<Storms.Storm>().Select(pair => (double.Parse(pair.Name["storm: ".Length..], CultureInfo.InvariantCulture), pair.Result.Milliseconds))]));
        var ours = Row("stub: TokenRefresh");
        yield return ("time of a request beside the floor's, 1 → 16 callers", Exponent([(1, ours.OverFloor), (16, 1 / ours.Throughput)]));
    }

    /// <summary>The slope of the line through the points, both axes logarithmic.</summary>
    private static double Exponent(IReadOnlyCollection<(double X, double Y)> points)
    {
        var logs = points.Select(point => (X: Math.Log(point.X), Y: Math.Log(Math.Max(point.Y, 1e-6)))).ToArray();
        var (meanX, meanY) = (logs.Average(point => point.X), logs.Average(point => point.Y));
        return logs.Sum(point => (point.X - meanX) * (point.Y - meanY)) / logs.Sum(point => (point.X - meanX) * (point.X - meanX));
    }

    private static (string, string, string, bool) Target(string what, double limit, double measured, string format) =>
        (what, limit.ToString(CultureInfo.InvariantCulture), measured.ToString(format, CultureInfo.InvariantCulture), measured <= limit);

    private Ratios.Row Row(string name) => (Ratios.Row)_results[name];

    private IEnumerable<(string Name, T Result)> All<T>() => _results.Where(pair => pair.Value is T).Select(pair => (pair.Key, (T)pair.Value));
}

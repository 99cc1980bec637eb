using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using TokenRefresh.Benchmarks;
using TokenRefresh.Benchmarks.Runs;

// dotnet run -c Release --project tests/TokenRefresh.Benchmarks [-- --smoke | --docs FOLDER | --requests | --compare [FOLDER]]
//   --smoke     each once, in seconds: shows that they run; fails on bytes and calls beyond their limits, and on no time
//   --docs      writes the tables and the plot into docs
//   --requests  BenchmarkDotNet's own account of single requests
//   --compare   what this and other handlers do where a refresh can go wrong; into comparison.md of the folder, if there is one
if (Array.IndexOf(args, "--compare") is >= 0 and var compare)
{
    var table = await Comparison.RunAsync(isSmoke: false);
    Console.WriteLine();
    Console.WriteLine(table);
    if (args.ElementAtOrDefault(compare + 1) is { } folder)
    {
        Report.Replace(Path.Combine(folder, "comparison.md"), table);
    }

    return 0;
}

var isSmoke = args.Contains("--smoke");
if (isSmoke || args.Contains("--requests"))
{
    var job = isSmoke ? Job.Dry : Job.Default.WithIterationCount(12).WithWarmupCount(4);
    var config = DefaultConfig.Instance.AddJob(job.WithToolchain(InProcessEmitToolchain.Instance)).WithArtifactsPath(Path.Combine(Path.GetTempPath(), "tokenrefresh-benchmarks"));
    var summaries = BenchmarkRunner.Run([typeof(RequestBenchmarks), typeof(ReplayBenchmarks)], isSmoke ? config.WithOption(ConfigOptions.DisableLogFile, true) : config);
    if (summaries.Any(summary => summary.HasCriticalValidationErrors || summary.Reports.Any(report => !report.Success)))
    {
        return 1;
    }

    if (!isSmoke)
    {
        return 0;
    }
}

var report = new Report();
await Ratios.RunAsync(report, isSmoke);
await Storms.RunAsync(report, isSmoke);
await Sessions.RunAsync(report, isSmoke);
await SharedRefresh.RunAsync(report, isSmoke);
await CookieCheck.RunAsync(report, isSmoke);
if (isSmoke)
{
    Console.WriteLine(await Comparison.RunAsync(isSmoke));
}

Console.WriteLine();
Console.WriteLine(report.ToMarkdown());
Console.WriteLine(Simulation.Run());
if (isSmoke && report.Missed() is { Count: > 0 } missed)
{
    Console.Error.WriteLine("Not met: " + string.Join("; ", missed));
    return 1;
}

if (Array.IndexOf(args, "--docs") is >= 0 and var at)
{
    report.WriteTo(args.ElementAtOrDefault(at + 1) ?? "docs");
}

return 0;

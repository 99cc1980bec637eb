using System.Globalization;
using Microsoft.Coyote;
using Microsoft.Coyote.SystematicTesting;

namespace TokenRefresh.Schedules;

/// <summary>Runs a program under many schedules.</summary>
internal static class Explorer
{
    /// <summary>How many schedules each program gets: TOKENREFRESH_SCHEDULES, or 100.</summary>
    public static uint Schedules { get; } =
        uint.TryParse(Environment.GetEnvironmentVariable("TOKENREFRESH_SCHEDULES"), CultureInfo.InvariantCulture, out var wanted) ? wanted : 100;

    /// <summary>Runs a program in two ways, each with half of the schedules: with the tokens in a store, and in a session that keeps them itself.</summary>
    public static void Explore(Func<bool, Task> program)
    {
        Explore(() => program(true), Schedules / 2);
        Explore(() => program(false), Schedules / 2);
    }

    /// <summary>No schedule breaks a law, ends in a deadlock, or throws.</summary>
    public static void Explore(Func<Task> program, uint schedules)
    {
        if (FindBug(program, schedules) is { } bug)
        {
            Assert.Fail(bug);
        }
    }

    /// <returns>What a schedule broke, with the trace that repeats it; <see langword="null"/>: nothing.</returns>
    public static string? FindBug(Func<Task> program, uint schedules)
    {
        // Half of the schedules by random choice, half by random priorities that change a few times: they find different bugs.
        return Run(program, Configured(schedules / 2).WithRandomStrategy()) ?? Run(program, Configured(schedules - (schedules / 2)).WithPrioritizationStrategy());
    }

    // The same schedules in every run, unless there are so many that the seed doesn't matter.
    private static Configuration Configured(uint schedules) => Configuration.Create()
        .WithTestingIterations(schedules)
        .WithRandomGeneratorSeed(1)
        .WithMaxSchedulingSteps(20_000)
        .WithVolatileOperationRaceCheckingEnabled(true)
        .WithMemoryAccessRaceCheckingEnabled(false)
        .WithTelemetryEnabled(false).WithDeadlockTimeout(60_000);

    private static string? Run(Func<Task> program, Configuration configuration)
    {
        using var engine = TestingEngine.Create(configuration, program);
        engine.Run();
        var report = engine.TestReport;
        return report.NumOfFoundBugs == 0 && report.InternalErrors.Count == 0
            ? null
            : string.Join(Environment.NewLine, report.BugReports) + string.Join(Environment.NewLine, report.InternalErrors)
                + Environment.NewLine + engine.GetReport() + Environment.NewLine + engine.ReproducibleTrace;
    }
}

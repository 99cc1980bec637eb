using System.Globalization;

namespace TokenRefresh.TestKit;

/// <summary>The machine that the tests run on: it may lack a server or a program that some of them need.</summary>
public static class Machine
{
    private const string LoadAverage = "/proc/loadavg";

    /// <summary>Whether nothing may be missing (<c>TOKENREFRESH_REQUIRE_SERVERS=1</c>): a test that would be skipped fails.</summary>
    public static bool IsComplete => Environment.GetEnvironmentVariable("TOKENREFRESH_REQUIRE_SERVERS") == "1";

    /// <summary>How long processes reload their pages: at least <c>TOKENREFRESH_RELOAD_SECONDS</c>, or 3 seconds.</summary>
    public static TimeSpan ReloadTime => TimeSpan.FromSeconds(
        double.Parse(Environment.GetEnvironmentVariable("TOKENREFRESH_RELOAD_SECONDS") ?? "3", CultureInfo.InvariantCulture));

    /// <summary>How much slower a process is than on an idle machine: the processes that want to run, for each core; at least 1.</summary>
    public static double Slowness => File.Exists(LoadAverage)
        ? Math.Max(1, double.Parse(File.ReadAllText(LoadAverage).Split(' ')[0], CultureInfo.InvariantCulture) / Environment.ProcessorCount)
        : 1;

    /// <summary>Skips the test where something is missing, or fails it where nothing may be.</summary>
    /// <param name="missing">What is missing; nothing, if <see langword="null"/>.</param>
    public static void MustHave(string? missing)
    {
        if (missing is not null)
        {
            Assert.SkipUnless(IsComplete, missing);
            Assert.Fail(missing);
        }
    }
}

using System.Diagnostics;

namespace TokenRefresh.Tests.Conventions;

/// <summary>A run of all tests shows that it makes progress, in a log too, and the README names the short run first.</summary>
public sealed class ProgressTests
{
    private const string Bash = "/bin/bash";

    [Fact]
    [Trait("Case", "N14")]
    public async Task A_log_has_a_line_while_tests_pass_and_all_of_a_failure()
    {
        Assert.SkipUnless(File.Exists(Bash), $"{Bash} isn't there.");
        using var progress = Process.Start(new ProcessStartInfo(Bash, [Path.Combine(ConventionTests.Root, ".ci", "progress"), "1"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        var input = progress.StandardInput;
        await input.WriteAsync("passed A (1ms)\n  from a.dll\npassed B (1ms)\n  from a.dll\npas");
        await input.FlushAsync(TestContext.Current.CancellationToken);

        // No test ends. The next line comes by itself, after one with less if a second ends while the lines are read.
        string? count;
        do
        {
            count = await ReadAsync(progress);
            Assert.EndsWith(" tests passed so far", count, StringComparison.Ordinal);
        }
        while (!count!.EndsWith(" 2 tests passed so far", StringComparison.Ordinal));

        await input.WriteAsync("sed C (1ms)\n  from a.dll\nfailed D (1ms)\n  Expected: 1\n  at D()\n");
        input.Close();

        // Nothing of C, and all of D.
        var line = await ReadAsync(progress);
        while (line!.EndsWith("so far", StringComparison.Ordinal))
        {
            line = await ReadAsync(progress);
        }

        Assert.Equal("failed D (1ms)|  Expected: 1|  at D()|", $"{line}|{await ReadAsync(progress)}|{await ReadAsync(progress)}|{await ReadAsync(progress)}");
    }

    [Fact]
    [Trait("Case", "N14")]
    public void The_run_of_everything_writes_its_progress()
    {
        var run = File.ReadAllText(Path.Combine(ConventionTests.Root, ".ci", "run"));

        Assert.Matches(@"dotnet test --output Detailed .*\| \.ci/progress", run);
    }

    [Fact]
    [Trait("Case", "N14")]
    public void The_readme_names_the_unit_tests_before_all_tests()
    {
        var readme = File.ReadAllText(Path.Combine(ConventionTests.Root, "README.md"));

        var unit = readme.IndexOf("dotnet test --project tests/TokenRefresh.Tests ", StringComparison.Ordinal);
        var all = readme.IndexOf("dotnet test  ", StringComparison.Ordinal);

        Assert.InRange(unit, 1, all);
    }

    private static Task<string?> ReadAsync(Process process) => process.StandardOutput.ReadLineAsync().WaitAsync(Gate.FailSafe, TimeProvider.System);
}

using System.Diagnostics;
using System.Text.RegularExpressions;
using TokenRefresh.TestKit;
using TokenRefresh.Testing;

namespace TokenRefresh.ProcessTests;

/// <summary>What a real process asks of the operating system when it saves tokens.</summary>
public sealed partial class DirectoryFlushCases
{
    private const string Strace = "/usr/bin/strace";

    [Fact]
    [Trait("Case", "S12")]
    public async Task The_directory_is_flushed_after_each_record_that_was_moved_into_it()
    {
        Machine.MustHave(File.Exists(Strace) ? null : $"{Strace} isn't there. Install strace to run this test.");
        await using var place = await SharedPlace.CreateAsync("file");
        using var tokens = new FakeTokenServer(TimeProvider.System);
        using var server = new LoopbackTokenServer(tokens);
        await place.SignInAsync(tokens.Issue());

        var calls = await TraceAsync(place.Argument, $"endpoint={server.Endpoint}", "do=refresh", "rounds=1");

        // The lease and the new tokens: the file is flushed, moved, and the directory is flushed.
        Assert.Equal(["fsync file", "move", "fsync directory", "fsync file", "move", "fsync directory"], calls);
    }

    private static async Task<IReadOnlyList<string>> TraceAsync(params string[] arguments)
    {
        var trace = Path.GetTempFileName();
        var node = Path.Combine(AppContext.BaseDirectory, "TokenRefresh.ProcessNode.dll");
        using var process = Process.Start(new ProcessStartInfo(
            Strace, ["-f", "-y", "-e", "trace=fsync,rename,renameat,renameat2", "-o", trace, "dotnet", node, .. arguments])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        var said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        var lines = await File.ReadAllLinesAsync(trace);
        File.Delete(trace);
        Assert.SkipWhen(said.Length == 0 && process.ExitCode != 0, "No process can be traced here.");
        Assert.Equal("refreshed\n", said);
        return [.. lines.Select(Describe).OfType<string>()];
    }

    private static string? Describe(string line) =>
        MoveOfRecord().IsMatch(line) ? "move"
        : FlushOfFile().IsMatch(line) ? "fsync file"
        : line.Contains("fsync(", StringComparison.Ordinal) && line.Contains("tokenrefresh-", StringComparison.Ordinal) ? "fsync directory"
        : null;

    [GeneratedRegex(@"rename\w*\(.*\.record\.tmp.*\.record""")]
    private static partial Regex MoveOfRecord();

    [GeneratedRegex(@"fsync\(\d+<.*\.record\.tmp>")]
    private static partial Regex FlushOfFile();
}

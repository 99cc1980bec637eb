using System.Diagnostics;

namespace TokenRefresh.PackageTests;

/// <summary>Runs a program and gives what it wrote.</summary>
internal static class Tool
{
    // Real time as a fail-safe only: a busy machine may take minutes.
    private static readonly TimeSpan FailSafe = TimeSpan.FromMinutes(10);

    public static string RepositoryRoot { get; } = FindRoot();

    public static async Task<string> RunAsync(string program, string directory, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var (exitCode, text) = await StartAsync(program, directory, environment, arguments);
        Assert.True(exitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {exitCode}:\n{text}");
        return text;
    }

    public static async Task<string> RunFailingAsync(string program, string directory, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var (exitCode, text) = await StartAsync(program, directory, environment, arguments);
        Assert.True(exitCode != 0, $"{program} {string.Join(' ', arguments)} should fail:\n{text}");
        return text;
    }

    private static async Task<(int ExitCode, string Text)> StartAsync(
        string program, string directory, IReadOnlyDictionary<string, string> environment, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // What the test run itself was started with must not lead the build of another app.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase) || name.StartsWith("TESTINGPLATFORM", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(name);
        }

        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["DOTNET_NOLOGO"] = "1";
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        using var failSafe = new CancellationTokenSource(FailSafe, TimeProvider.System);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(failSafe.Token);
            var errors = process.StandardError.ReadToEndAsync(failSafe.Token);
            await process.WaitForExitAsync(failSafe.Token);
            return (process.ExitCode, await output + await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "TokenRefresh.sln")))
        {
            directory = directory.Parent!;
        }

        return directory.FullName;
    }
}

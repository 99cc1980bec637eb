using System;
using System.Diagnostics;
using System.IO;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading.Tasks;

namespace TokenRefresh.ServerTests;

/// <summary>A sample as it was built, in a process that ends with the test.</summary>
internal sealed partial class SampleProcess : IAsyncDisposable
{
    // Real time as a fail-safe only.
    private static readonly TimeSpan FailSafe = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource<Uri> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _start = TimeProvider.System.GetTimestamp();

    private SampleProcess(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, e) => Hear(e.Data);
        _process.ErrorDataReceived += (_, e) => Hear(e.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public bool IsOverdue => TimeProvider.System.GetElapsedTime(_start) > FailSafe;

    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    public static SampleProcess Start(string folder, string program, params string[] arguments)
    {
        // bin/Debug/net10.0, as this test was built.
        var build = Path.GetRelativePath(ProjectDirectory(), AppContext.BaseDirectory);
        var assembly = Path.Combine(ProjectDirectory(), "..", "..", "samples", folder, build, program + ".dll");
        return new SampleProcess(new ProcessStartInfo("dotnet", [assembly, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        });
    }

    public async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(FailSafe, TimeProvider.System);
        return _process.ExitCode;
    }

    public Task<Uri> ListeningAsync() => _listening.Task.WaitAsync(FailSafe, TimeProvider.System);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private void Hear(string? line)
    {
        lock (_output)
        {
            _output.AppendLine(line);
        }

        if (line is not null && Address().Match(line) is { Success: true } match)
        {
            _listening.TrySetResult(new Uri(match.Groups["address"].Value));
        }
    }

    // Three folders above bin/Debug/net10.0.
    private static string ProjectDirectory() => Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", ".."));

    [GeneratedRegex("Now listening on: (?<address>http://[0-9.:]+)", RegexOptions.ExplicitCapture, 60_000)]
    private static partial Regex Address();
}

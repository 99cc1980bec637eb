using System.Diagnostics;
using System.Text.RegularExpressions;

namespace TokenRefresh.ServerTests;

/// <summary>A program as it was built, in a process that ends with the test.</summary>
internal sealed partial class SampleProcess : IAsyncDisposable
{
    // Real time as a fail-safe only.
    private static readonly TimeSpan FailSafe = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly List<Line> _lines = [];
    private readonly TaskCompletionSource<Uri> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _start = TimeProvider.System.GetTimestamp();

    /// <param name="start">The program. Its output is redirected to <see cref="Lines"/>.</param>
    public SampleProcess(ProcessStartInfo start)
    {
        start.UseShellExecute = false;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, e) => Hear(e.Data);
        _process.ErrorDataReceived += (_, e) => Hear(e.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public bool IsOverdue => TimeProvider.System.GetElapsedTime(_start) > FailSafe;

    public string Output => string.Join('\n', Lines.Select(line => line.Text));

    /// <summary>What it has written so far.</summary>
    public IReadOnlyList<Line> Lines
    {
        get
        {
            lock (_lines)
            {
                return [.. _lines];
            }
        }
    }

    public static SampleProcess Start(string folder, string program, params string[] arguments)
    {
        // bin/Debug/net10.0, as this test was built.
        var build = Path.GetRelativePath(ProjectDirectory(), AppContext.BaseDirectory);
        var assembly = Path.Combine(ProjectDirectory(), "..", "..", "samples", folder, build, program + ".dll");
        return new SampleProcess(new ProcessStartInfo("dotnet", [assembly, .. arguments]));
    }

    public async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(FailSafe, TimeProvider.System);
        return _process.ExitCode;
    }

    /// <summary>Waits until it listens.</summary>
    /// <returns>Its address.</returns>
    /// <exception cref="InvalidOperationException">It has ended.</exception>
    public async Task<Uri> ListeningAsync()
    {
        await Task.WhenAny(_listening.Task, _process.WaitForExitAsync()).WaitAsync(FailSafe, TimeProvider.System);
        return _listening.Task.IsCompleted ? await _listening.Task : throw new InvalidOperationException($"The program has ended: {Output}");
    }

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
        if (line is null)
        {
            return;
        }

        lock (_lines)
        {
            _lines.Add(new Line(TimeProvider.System.GetElapsedTime(_start), line));
        }

        if (Address().Match(line) is { Success: true } match)
        {
            _listening.TrySetResult(new Uri(match.Groups["address"].Value));
        }
    }

    /// <summary>A line, and how long after the start it came.</summary>
    public readonly record struct Line(TimeSpan After, string Text);

    // Three folders above bin/Debug/net10.0.
    private static string ProjectDirectory() => Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", ".."));

    [GeneratedRegex("Now listening on: (?<address>http://[0-9.:]+)", RegexOptions.ExplicitCapture, 60_000)]
    private static partial Regex Address();
}

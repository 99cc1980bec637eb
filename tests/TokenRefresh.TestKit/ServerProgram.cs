using System.Diagnostics;
using System.Runtime.InteropServices;

namespace TokenRefresh.TestKit;

/// <summary>Runs a server that refuses to run as root, and its programs: root starts them as the user that its package has created.</summary>
/// <param name="user">The user.</param>
internal sealed class ServerProgram(string user)
{
    private Process? _server;

    private static bool IsRoot => Environment.UserName == "root";

    /// <summary>Gives the directory to the user that runs the programs.</summary>
    public async Task OwnAsync(string directory)
    {
        if (IsRoot)
        {
            await CheckAsync(Start(["chown", user, directory]));
        }
    }

    /// <summary>Runs a program to its end.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public Task RunAsync(string program, params IEnumerable<string> arguments) => CheckAsync(StartAs(program, arguments));

    /// <summary>Starts the server. Its log is read, because it would fill the pipe.</summary>
    public void Serve(string program, params IEnumerable<string> arguments)
    {
        _server = StartAs(program, arguments);
        _server.BeginErrorReadLine();
        _server.BeginOutputReadLine();
    }

    /// <summary>Waits until a program succeeds that asks the server. It may listen before it has started up.</summary>
    public async Task WaitUntilReadyAsync(string program, params IEnumerable<string> arguments)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (await EndAsync(StartAs(program, arguments)) is { } output)
        {
            if (TimeProvider.System.GetElapsedTime(start) > Gate.FailSafe)
            {
                throw new InvalidOperationException($"{program} doesn't find the server: {output}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    /// <summary>Ends the server by a signal, and waits for its end.</summary>
    public void Stop(int signal)
    {
        if (_server is { HasExited: false })
        {
            _ = Kill(_server.Id, signal);
            _server.WaitForExit();
        }

        _server?.Dispose();
        _server = null;
    }

    // setpriv becomes the program: the process is the server's own.
    private Process StartAs(string program, IEnumerable<string> arguments) => Start(
        IsRoot ? ["setpriv", $"--reuid={user}", $"--regid={user}", "--clear-groups", program, .. arguments] : [program, .. arguments]);

    private static Process Start(IReadOnlyList<string> command) =>
        Process.Start(new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = Path.GetTempPath(),
        })!;

    private static async Task CheckAsync(Process process)
    {
        var name = process.StartInfo.ArgumentList.FirstOrDefault(argument => argument.StartsWith('/')) ?? process.StartInfo.FileName;
        if (await EndAsync(process) is { } output)
        {
            throw new InvalidOperationException($"{name} failed: {output}");
        }
    }

    /// <returns>What a program says that fails, or <see langword="null"/>.</returns>
    private static async Task<string?> EndAsync(Process process)
    {
        using (process)
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var error = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            return process.ExitCode == 0 ? null : await output + error;
        }
    }

#pragma warning disable SYSLIB1054, CA5392 // One signal of the C library, in a test.
    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
#pragma warning restore SYSLIB1054, CA5392
}

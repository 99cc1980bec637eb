using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading.Tasks;

namespace TokenRefresh.TestKit;

/// <summary>
/// A real PostgreSQL in a process of its own, on a free loopback port, with its data in a temporary directory. It doesn't run as root: root
/// starts it as the user that its package has created.
/// </summary>
public sealed class PostgresServer : IDisposable
{
    private const string User = "postgres";
    private const int Interrupt = 2;
    private readonly string _directory = Directory.CreateTempSubdirectory("tokenrefresh-postgres-").FullName;
    private Process? _process;

    /// <summary>Why it can't run here, or <see langword="null"/>.</summary>
    public static string? Missing =>
        Programs is not null ? null : "/usr/lib/postgresql isn't there. Install Debian's postgresql to run these tests.";

    public int Port { get; } = FreePort.Find();

    private static bool IsRoot => Environment.UserName == "root";

    private static string? Programs => Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql")
            .Select(version => Path.Combine(version, "bin"))
            .LastOrDefault(bin => File.Exists(Path.Combine(bin, "initdb")))
        : null;

    /// <summary>The connection string of a database, which may not exist yet.</summary>
    public string Connect(string database) => $"Host=127.0.0.1;Port={Port};Username={User};Database={database};Timeout=30";

    public async Task StartAsync()
    {
        if (!File.Exists(Path.Combine(_directory, "PG_VERSION")))
        {
            if (IsRoot)
            {
                await RunAsync("chown", User, _directory);
            }

            await RunAsync(
                "initdb", "--pgdata", _directory, "--username", User, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync");
        }

        // Nothing has to survive a crash of this machine. A measurement may set fsync=on.
        var fsync = Environment.GetEnvironmentVariable("TOKENREFRESH_FSYNC") ?? "off";
        _process = Start(
            "postgres", "-D", _directory, "-p", $"{Port}", "-h", "127.0.0.1",
            "-c", "unix_socket_directories=", "-c", $"fsync={fsync}", "-c", "max_connections=300");
        await WaitUntilReadyAsync();
    }

    /// <summary>Ends it and all its connections, and keeps its data.</summary>
    public void Stop()
    {
        if (_process is { HasExited: false })
        {
            _ = Kill(_process.Id, Interrupt);
            _process.WaitForExit();
        }

        _process?.Dispose();
        _process = null;
    }

    public void Dispose()
    {
        Stop();
        Directory.Delete(_directory, recursive: true);
    }

    // It listens before it has started up, and rejects connections until then.
    private async Task WaitUntilReadyAsync()
    {
        var start = TimeProvider.System.GetTimestamp();
        while (await TryRunAsync("pg_isready", "-h", "127.0.0.1", "-p", $"{Port}") is { } output)
        {
            if (TimeProvider.System.GetElapsedTime(start) > Gate.FailSafe)
            {
                throw new InvalidOperationException($"PostgreSQL didn't start: {output}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        if (await TryRunAsync(program, arguments) is { } output)
        {
            throw new InvalidOperationException($"{program} failed: {output}");
        }
    }

    /// <returns>What a program says that fails, or <see langword="null"/>.</returns>
    private static async Task<string?> TryRunAsync(string program, params string[] arguments)
    {
        using var process = Start(program, arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? null : await output + error;
    }

    private static Process Start(string program, params string[] arguments)
    {
        var path = program == "chown" ? program : Path.Combine(Programs!, program);

        // setpriv becomes the program: the process is the server's own.
        IEnumerable<string> command = IsRoot && program != "chown"
            ? ["setpriv", $"--reuid={User}", $"--regid={User}", "--clear-groups", path]
            : [path];
        var process = Process.Start(new ProcessStartInfo(command.First(), command.Skip(1).Concat(arguments))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = Path.GetTempPath(),
        })!;
        if (program == "postgres")
        {
            // Its log: unread, it would fill the pipe.
            process.BeginErrorReadLine();
            process.BeginOutputReadLine();
        }

        return process;
    }

#pragma warning disable SYSLIB1054, CA5392 // One signal of the C library, in a test.
    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
#pragma warning restore SYSLIB1054, CA5392
}

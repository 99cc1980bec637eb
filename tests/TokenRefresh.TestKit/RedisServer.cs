using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace TokenRefresh.TestKit;

/// <summary>A real redis-server in a process of its own, on a free loopback port, with nothing saved.</summary>
/// <param name="settings">Further arguments of the program.</param>
public sealed class RedisServer(params string[] settings) : IDisposable
{
    private const string Executable = "/usr/bin/redis-server";
    private readonly string _directory = Directory.CreateTempSubdirectory("tokenrefresh-redis-").FullName;
    private Process? _process;

    /// <summary>Why it can't run here, or <see langword="null"/>.</summary>
    public static string? Missing => File.Exists(Executable) ? null : $"{Executable} isn't there. Install Redis to run these tests.";

    public int Port { get; } = FreePort.Find();

    public string Address => $"127.0.0.1:{Port}";

    public async Task StartAsync()
    {
        _process = Process.Start(new ProcessStartInfo(
            Executable, ["--port", $"{Port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", _directory, "--logfile", "redis.log", .. settings])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        });
        await WaitUntilUpAsync(Port, () => _process is { HasExited: true }
            ? $"redis-server ended: {File.ReadAllText(Path.Combine(_directory, "redis.log"))}"
            : null);
    }

    public void Stop()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
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

    /// <param name="port">The port.</param>
    /// <param name="findFailure">Says why the server will never be up.</param>
    public static async Task WaitUntilUpAsync(int port, Func<string?>? findFailure = null)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, port);
                return;
            }
            catch (SocketException e) when (TimeProvider.System.GetElapsedTime(start) < Gate.FailSafe)
            {
                if (findFailure?.Invoke() is { } failure)
                {
                    throw new InvalidOperationException(failure, e);
                }

                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            }
        }
    }
}

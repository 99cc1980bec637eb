using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using Xunit;

namespace TokenRefresh.PackageTests;

/// <summary>A built web app that runs as a process of its own.</summary>
internal sealed class RunningApp : IAsyncDisposable
{
    private static readonly TimeSpan FailSafe = TimeSpan.FromMinutes(2);
    private readonly Process _process;

    private RunningApp(Process process) => _process = process;

    /// <summary>Starts the app, and waits until it listens.</summary>
    public static async Task<RunningApp> StartAsync(string folder, Uri address, IReadOnlyDictionary<string, string> environment)
    {
        var name = Path.GetFileName(folder);
        var start = new ProcessStartInfo("dotnet", [Path.Combine(folder, "bin", "Debug", "net10.0", name + ".dll")]) { WorkingDirectory = folder };
        foreach (var (variable, value) in environment)
        {
            start.Environment[variable] = value;
        }

        start.Environment["ASPNETCORE_URLS"] = address.OriginalString;
        var app = new RunningApp(Process.Start(start)!);
        var begun = TimeProvider.System.GetTimestamp();
        while (!await IsListeningAsync(address.Port))
        {
            Assert.False(app._process.HasExited, "The app ended at its start.");
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < FailSafe, "The app doesn't listen.");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }

        return app;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static async Task<bool> IsListeningAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}

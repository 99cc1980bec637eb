using System.Diagnostics;
using TokenRefresh.ServerTests;
using TokenRefresh.TestKit;
using TokenRefresh.Testing;

namespace TokenRefresh.BrowserTests;

/// <summary>The sample app in a process of its own. The test passes it the server.</summary>
internal sealed class BffInstance : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string> _log;

    private BffInstance(Process process, Uri address)
    {
        _process = process;
        _log = process.StandardOutput.ReadToEndAsync();
        Address = address;
    }

    public Uri Address { get; }

    public static async Task<BffInstance> StartAsync(RealServer server, RedisServer? redis = null)
    {
        var upstream = new TokenRefreshOptions();
        server.Configure(upstream);
        var address = new Uri($"http://127.0.0.1:{FreePort.Find()}");
        var process = Process.Start(new ProcessStartInfo("dotnet",
        [
            Path.Combine(AppContext.BaseDirectory, "Bff.dll"), $"--Urls={address}", $"--Redis={redis?.Address}", $"--Upstream:Api={server.Api}",
            $"--Upstream:TokenEndpoint={upstream.TokenEndpoint}", $"--Upstream:Protocol={upstream.Protocol}", "--Logging:LogLevel:TokenRefresh=Trace",
        ])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        while (await process.StandardOutput.ReadLineAsync().WaitAsync(Gate.FailSafe, TimeProvider.System) is { } line)
        {
            if (line.StartsWith("Open ", StringComparison.Ordinal))
            {
                return new BffInstance(process, address);
            }
        }

        throw new InvalidOperationException("The sample app didn't start.");
    }

    /// <summary>Ends the process, and searches what it logged for tokens, which begin as every signed one does.</summary>
    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Assert.DoesNotContain("eyJ", await _log, StringComparison.Ordinal);
    }
}

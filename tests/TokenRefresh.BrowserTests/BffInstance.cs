using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using TokenRefresh.Samples.Servers;
using TokenRefresh.TestKit;

namespace TokenRefresh.BrowserTests;

/// <summary>The sample app, in a process of its own, before a server of this one.</summary>
internal sealed class BffInstance : IAsyncDisposable
{
    private readonly Process _process;

    private BffInstance(Process process, Uri address)
    {
        _process = process;
        Address = address;
    }

    public Uri Address { get; }

    public static async Task<BffInstance> StartAsync(OAuthServer server, RedisServer? redis = null)
    {
        var address = new Uri($"http://127.0.0.1:{RedisServer.FindPort()}");
        string[] arguments =
        [
            Path.Combine(AppContext.BaseDirectory, "Bff.dll"), $"--Urls={address}", $"--Upstream:Api={server.Api}",
            $"--Upstream:TokenEndpoint={server.TokenEndpoint}", "--Upstream:Protocol=OAuth", "--Logging:LogLevel:TokenRefresh=Warning",
        ];
        var process = Process.Start(new ProcessStartInfo("dotnet", redis is null ? arguments : arguments.Append($"--Redis={redis.Address}"))
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        while (await process.StandardOutput.ReadLineAsync().WaitAsync(Gate.FailSafe, TimeProvider.System) is { } line)
        {
            if (line.StartsWith("Open ", StringComparison.Ordinal))
            {
                // What else it says isn't wanted, but must not fill the pipe.
                _ = process.StandardOutput.ReadToEndAsync();
                return new BffInstance(process, address);
            }
        }

        throw new InvalidOperationException("The sample app didn't start.");
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}

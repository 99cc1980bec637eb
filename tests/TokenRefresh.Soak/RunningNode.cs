using System.Diagnostics;

namespace TokenRefresh.Soak;

/// <summary>A node as its supervisor sees it.</summary>
internal sealed class RunningNode : IDisposable
{
    private readonly Process _process;
    private readonly Task _reading;
    private readonly HashSet<string> _inRefresh = [];

    public RunningNode(string redis, Uri api, Uri tokenEndpoint, Action<string[]> heard)
    {
        _process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["node", redis, api.ToString(), tokenEndpoint.ToString()])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        _reading = ReadAsync(heard);
    }

    /// <summary>Kills it, and names the users whose refresh was cut off between the server and the store.</summary>
    public async Task<IReadOnlyCollection<string>> KillAsync()
    {
        _process.Kill();
        await _reading;
        return _inRefresh;
    }

    /// <summary>Asks it to end.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> StopAsync()
    {
        _process.StandardInput.Close();
        await _reading;
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private async Task ReadAsync(Action<string[]> heard)
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            var words = line.Split(' ');
            if (words is ["begin", var begun])
            {
                _inRefresh.Add(begun);
            }
            else if (words is ["end", var ended])
            {
                _inRefresh.Remove(ended);
            }
            else
            {
                heard(words);
            }
        }

        await _process.WaitForExitAsync();
    }
}

using System.Diagnostics;
using System.Runtime.InteropServices;
using TokenRefresh.ServerTests;
using TokenRefresh.TestKit;
using TokenRefresh.Testing;

namespace TokenRefresh.ProcessTests;

/// <summary>A real process that shares a login.</summary>
internal sealed class Node : IDisposable
{
    private const int SigStop = 19;
    private const int SigCont = 18;
    private readonly Process _process;

    private Node(Process process) => _process = process;

    public static Node Start(params string[] arguments) => new(Process.Start(new ProcessStartInfo(
        "dotnet", arguments.Prepend(Path.Combine(AppContext.BaseDirectory, "TokenRefresh.ProcessNode.dll")))
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        UseShellExecute = false,
    })!);

    /// <summary>
    /// Starts a node that leaves the processor to other processes. Many of these at once would delay what other tests measure meanwhile.
    /// </summary>
    public static Node StartYielding(params string[] arguments)
    {
        var node = Start(arguments);
        node._process.PriorityClass = ProcessPriorityClass.BelowNormal;
        return node;
    }

    /// <summary>The addresses and settings of a server that are passed to a node.</summary>
    public static IEnumerable<string> ArgumentsFor(RealServer server)
    {
        var options = new TokenRefreshOptions();
        server.Configure(options);
        yield return $"api={server.Api}";
        yield return $"endpoint={options.TokenEndpoint}";
        yield return $"protocol={options.Protocol}";
        if (options.ClientId is { } client)
        {
            yield return $"client={client}";
            yield return $"secret={options.ClientSecret}";
        }
    }

    /// <summary>Runs to its end, and gives what it said.</summary>
    public static Task<IReadOnlyList<string>> RunAsync(params string[] arguments) => RunAsync(Start(arguments));

    /// <summary>The same, with <see cref="StartYielding"/>.</summary>
    public static Task<IReadOnlyList<string>> RunYieldingAsync(params string[] arguments) => RunAsync(StartYielding(arguments));

    public async Task<string?> ReadLineAsync() => await _process.StandardOutput.ReadLineAsync().WaitAsync(Gate.FailSafe, TimeProvider.System);

    public async Task<IReadOnlyList<string>> ReadToEndAsync()
    {
        var said = new List<string>();
        while (await ReadLineAsync() is { } line)
        {
            said.Add(line);
        }

        await _process.WaitForExitAsync();
        return said;
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public void Stop() => Signal(SigStop);

    public void Continue() => Signal(SigCont);

    /// <summary>Lets a node go on that stands still at a step.</summary>
    public void GoOn() => _process.StandardInput.WriteLine();

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private static async Task<IReadOnlyList<string>> RunAsync(Node node)
    {
        using (node)
        {
            return await node.ReadToEndAsync();
        }
    }

    private void Signal(int signal)
    {
        if (Kill(_process.Id, signal) != 0)
        {
            throw new InvalidOperationException($"Signal {signal} wasn't delivered.");
        }
    }

#pragma warning disable SYSLIB1054, CA5392 // Two signals of the C library, in a test.
    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
#pragma warning restore SYSLIB1054, CA5392
}

using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Security.Cryptography;
using TokenRefresh.Testing;

namespace TokenRefresh.TestKit;

/// <summary>A real OpenID Connect provider of another make: oidc-provider, in a Node process of its own.</summary>
public sealed class OidcProvider : IAsyncDisposable
{
    public const string ClientId = "shop";
    public const string ClientSecret = "secret";

    private const int OldestNode = 20;
    private static readonly string[] Files = ["package.json", "package-lock.json", "server.mjs"];
    private static readonly TimeSpan InstallTimeout = TimeSpan.FromMinutes(2);
    private static readonly Lazy<Task<(string? Directory, string? Missing)>> Installed = new(InstallAsync);

    private readonly HttpClient _http = new();
    private readonly Process _process;

    private OidcProvider(Process process, Uri address)
    {
        _process = process;
        Address = address;
    }

    public Uri Address { get; }

    /// <summary>Starts the provider. The test is skipped where Node or npm isn't installed, or the registry can't be reached.</summary>
    /// <param name="app">The address of the client's app.</param>
    public static async Task<OidcProvider> StartAsync(Uri app)
    {
        var (directory, missing) = await Installed.Value;
        Machine.MustHave(missing);
        var port = FreePort.Find();
        var process = Start("node", directory!, "server.mjs", $"{port}", $"{app}");
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(Gate.FailSafe, TimeProvider.System);
        return line == "ready"
            ? new OidcProvider(process, new Uri($"http://localhost:{port}/"))
            : throw new InvalidOperationException($"oidc-provider didn't start: {line}");
    }

    /// <summary>Signs the user in.</summary>
    /// <returns>A refresh token.</returns>
    public Task<string> SignInAsync() => _http.GetStringAsync(new Uri(Address, "tests/sign-in"));

    /// <summary>What the provider received.</summary>
    public async Task<Counts> CountAsync() => (await _http.GetFromJsonAsync<Counts>(new Uri(Address, "tests/counts")))!;

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    // Once for each version of the package, for all test projects. One that installs at the same time may be first.
    private static async Task<(string? Directory, string? Missing)> InstallAsync()
    {
        var sources = Path.Combine(AppContext.BaseDirectory, "OidcProvider");
        var content = Files.SelectMany(file => File.ReadAllBytes(Path.Combine(sources, file))).ToArray();
        var version = Convert.ToHexString(SHA256.HashData(content))[..16];
        var installed = Path.Combine(Path.GetTempPath(), "tokenrefresh-oidc-provider-" + version);
        if (Directory.Exists(installed))
        {
            return (installed, null);
        }

        if (await FindMissingAsync() is { } missing)
        {
            return (null, missing);
        }

        var directory = Directory.CreateTempSubdirectory("tokenrefresh-npm-").FullName;
        foreach (var file in Files)
        {
            File.Copy(Path.Combine(sources, file), Path.Combine(directory, file));
        }

        if (await InstallPackageAsync(directory) is { } failure)
        {
            return (null, failure);
        }

        try
        {
            Directory.Move(directory, installed);
        }
        catch (IOException) when (Directory.Exists(installed))
        {
            Directory.Delete(directory, recursive: true);
        }

        return (installed, null);
    }

    private static async Task<string?> FindMissingAsync() => await RunAsync("node", ".", "--version") switch
    {
        null => "Node isn't there. Install Node and npm to run these tests.",
        (0, var version) when ReadMajor(version) >= OldestNode => null,
        (_, var version) => $"Node is too old: {version.Trim()}. Install Node {OldestNode} or later to run these tests.",
    };

    private static int ReadMajor(string version) =>
        int.TryParse(version.TrimStart('v').Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : 0;

    private static async Task<string?> InstallPackageAsync(string directory) =>
        await RunAsync("npm", directory, "ci", "--ignore-scripts", "--no-audit", "--no-fund") switch
        {
            null => "npm isn't there. Install Node and npm to run these tests.",
            (0, _) => null,
            (_, var output) => "npm can't install oidc-provider: " + output,
        };

    /// <returns>The exit code and the output; <see langword="null"/> if the program isn't there.</returns>
    private static async Task<(int ExitCode, string Output)?> RunAsync(string program, string directory, params string[] arguments)
    {
        try
        {
            using var process = Start(program, directory, arguments);
            var output = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync().WaitAsync(InstallTimeout, TimeProvider.System);
            return (process.ExitCode, string.Join('\n', await output));
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    private static Process Start(string program, string directory, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        return Process.Start(start)!;
    }

    /// <summary>What the provider received.</summary>
    /// <param name="RefreshTokens">The refresh tokens that were presented, in order.</param>
    /// <param name="Refused">How many token requests were refused.</param>
    /// <param name="Logouts">How many logout tokens the app accepted.</param>
    /// <param name="Errors">What went wrong.</param>
    public sealed record Counts(string[] RefreshTokens, int Refused, int Logouts, string[] Errors);
}

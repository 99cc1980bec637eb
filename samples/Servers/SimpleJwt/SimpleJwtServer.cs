using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;

namespace TokenRefresh.Samples.Servers;

/// <summary>
/// A real Django REST framework server with Simple JWT, rotation and blacklisting on, in a process of its own on a free loopback port.
/// It ends with this object, and also with this process. README.md in this folder lists its responses.
/// </summary>
public sealed class SimpleJwtServer : IAsyncDisposable
{
    private const string Python = "/usr/bin/python3";
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly Lazy<string?> Missing = new(FindMissing);

    private readonly Process _process;
    private readonly Task<string> _errors;
    private readonly DirectoryInfo _directory;
    private readonly HttpClient _http;

    private SimpleJwtServer(Process process, Task<string> errors, DirectoryInfo directory, int port)
    {
        _process = process;
        _errors = errors;
        _directory = directory;
        Address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/"));
        _http = new HttpClient { BaseAddress = Address };
    }

    /// <summary>
    /// The server's address: <c>GET api/me</c>, <c>GET api/orders/</c> (with the slash), <c>POST api/echo</c>, <c>GET api/staff</c> (403 for
    /// each user).
    /// </summary>
    public Uri Address { get; }

    /// <summary>The URL of the refresh view.</summary>
    public Uri TokenEndpoint => new(Address, "api/token/refresh/");

    /// <summary>The URL of the blacklist view, which revokes refresh tokens.</summary>
    public Uri RevocationEndpoint => new(Address, "api/token/blacklist/");

    /// <summary>The URL of the view that refreshes sliding tokens.</summary>
    public Uri SlidingTokenEndpoint => new(Address, "api/token/sliding/refresh/");

    /// <summary>Why the server can't run on this machine, and what to install; <see langword="null"/>: it can.</summary>
    public static string? MissingReason => Missing.Value;

    /// <summary>Starts the server and waits until it answers.</summary>
    /// <param name="options">How it issues tokens.</param>
    /// <exception cref="InvalidOperationException">Python or Django isn't installed, or the server didn't start.</exception>
    public static async Task<SimpleJwtServer> StartAsync(SimpleJwtServerOptions? options = null)
    {
        if (MissingReason is { } reason)
        {
            throw new InvalidOperationException(reason);
        }

        var directory = Directory.CreateTempSubdirectory("simplejwt-");
        var process = Process.Start(Describe(options ?? new SimpleJwtServerOptions(), directory))!;
        var errors = process.StandardError.ReadToEndAsync();
        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(StartLimit, TimeProvider.System);
        if (int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            return new SimpleJwtServer(process, errors, directory, port);
        }

        process.Kill();
        throw new InvalidOperationException($"The Django server didn't start: {await errors}");
    }

    /// <summary>Signs a user in, over HTTP like any client.</summary>
    /// <param name="user"><c>alice</c>, <c>bob</c>, or a user who was created.</param>
    /// <param name="password">The user's password.</param>
    public async Task<SimpleJwtTokens> SignInAsync(string user = "alice", string password = "secret")
    {
        using var response = await _http.PostAsJsonAsync("api/token/", new { username = user, password });
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<SimpleJwtTokens>())!;
    }

    /// <summary>Signs a user in with an access token that has expired, so that no test waits for the expiry.</summary>
    /// <param name="user">The user.</param>
    public async Task<SimpleJwtTokens> SignInExpiredAsync(string user = "alice")
    {
        using var response = await ControlAsync("sign-in-expired/" + user);
        return (await response.Content.ReadFromJsonAsync<SimpleJwtTokens>())!;
    }

    /// <summary>Signs a user in for one sliding token, which the sliding refresh view also takes.</summary>
    /// <param name="user">The user.</param>
    public async Task<string> SignInSlidingAsync(string user = "alice")
    {
        using var response = await _http.PostAsJsonAsync("api/token/sliding/", new { username = user, password = "secret" });
        response.EnsureSuccessStatusCode();
        var token = await response.Content.ReadFromJsonAsync<Dictionary<string, string>>();
        return token!["token"];
    }

    /// <summary>Blacklists all refresh tokens of a user.</summary>
    /// <param name="user">The user.</param>
    public async Task RevokeAsync(string user = "alice") => (await ControlAsync("kill/" + user)).Dispose();

    /// <summary>Creates a user with the password <c>secret</c>.</summary>
    /// <param name="user">The user.</param>
    public async Task CreateUserAsync(string user) => (await ControlAsync("create/" + user)).Dispose();

    /// <summary>Makes a user inactive.</summary>
    /// <param name="user">The user.</param>
    public async Task DeactivateAsync(string user) => (await ControlAsync("deactivate/" + user)).Dispose();

    /// <summary>Makes a user active again.</summary>
    /// <param name="user">The user.</param>
    public async Task ActivateAsync(string user) => (await ControlAsync("activate/" + user)).Dispose();

    /// <summary>Deletes a user.</summary>
    /// <param name="user">The user.</param>
    public async Task DeleteAsync(string user) => (await ControlAsync("delete/" + user)).Dispose();

    /// <summary>Changes a user's password to <c>changed</c>.</summary>
    /// <param name="user">The user.</param>
    public async Task ChangePasswordAsync(string user) => (await ControlAsync("change-password/" + user)).Dispose();

    /// <summary>Lets the throttled refresh view be called again.</summary>
    public async Task UnthrottleAsync() => (await ControlAsync("unthrottle")).Dispose();

    /// <summary>What the server received.</summary>
    public async Task<SimpleJwtStats> GetStatsAsync() => (await _http.GetFromJsonAsync<SimpleJwtStats>("stats"))!;

    /// <summary>Resets the server's counts.</summary>
    public async Task ResetStatsAsync()
    {
        using var response = await _http.PostAsync(new Uri("stats/reset", UriKind.Relative), content: null);
        response.EnsureSuccessStatusCode();
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The server had ended before. The message has its output.</exception>
    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        var hasEnded = _process.HasExited;
        _process.Kill();
        await _process.WaitForExitAsync();
        var code = _process.ExitCode;
        _process.Dispose();
        _directory.Delete(recursive: true);
        if (hasEnded)
        {
            throw new InvalidOperationException($"The Django server ended with exit code {code}: {await _errors}");
        }
    }

    private async Task<HttpResponseMessage> ControlAsync(string what)
    {
        var response = await _http.PostAsync(new Uri("control/" + what, UriKind.Relative), content: null);
        return response.EnsureSuccessStatusCode();
    }

    private static ProcessStartInfo Describe(SimpleJwtServerOptions options, DirectoryInfo directory)
    {
        var script = Path.Combine(AppContext.BaseDirectory, "django", "server.py");
        return new ProcessStartInfo(Python, [script, directory.FullName])
        {
            UseShellExecute = false,

            // Held open as long as this process lives: its end is the server's.
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["ACCESS_S"] = options.AccessTokenLifetime.TotalSeconds.ToString(CultureInfo.InvariantCulture),
                ["REFRESH_S"] = options.RefreshTokenLifetime.TotalSeconds.ToString(CultureInfo.InvariantCulture),
                ["REFRESH_DELAY_MS"] = ((int)options.RefreshDelay.TotalMilliseconds).ToString(CultureInfo.InvariantCulture),
                ["STRICT"] = options.IsStrict ? "1" : "0",
                ["FAMILY"] = options.RevokesFamily ? "1" : "0",
                ["AUTHENTICATION"] = string.Join(',', options.Authentication),
                ["REFRESH_VIEW"] = options.RefreshView switch
                {
                    SimpleJwtRefreshView.Version54 => "5.4",
                    SimpleJwtRefreshView.Latest => "latest",
                    SimpleJwtRefreshView.OwnCodes => "own-codes",
                    _ => "installed",
                },
                ["CHECK_REVOKE_TOKEN"] = options.ChecksRevokeToken ? "1" : "0",
                ["REFRESH_RATE"] = options.RefreshRate ?? "",
                ["LANGUAGE_CODE"] = options.Language,
                ["SLIDING"] = options.UsesSlidingTokens ? "1" : "0",
                ["ERRORS"] = options.StandardizesErrors ? "standardized" : "",
            },
        };
    }

    private static string? FindMissing()
    {
        const string Advice = "Install it with: apt-get install python3-django python3-djangorestframework python3-djangorestframework-simplejwt python3-waitress";
        if (!File.Exists(Python))
        {
            return $"There is no {Python}. {Advice}";
        }

        using var process = Process.Start(new ProcessStartInfo(Python, ["-c", "import django, rest_framework_simplejwt, waitress"]) { UseShellExecute = false, RedirectStandardError = true })!;
        _ = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? null : $"Django REST framework with Simple JWT isn't there for {Python}. {Advice}";
    }
}

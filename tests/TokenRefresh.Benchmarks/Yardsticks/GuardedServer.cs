using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace TokenRefresh.Benchmarks.Yardsticks;

/// <summary>An API on a loopback port: 200 to tokens that the token server accepts, 401 to others; and a redirect to a given address.</summary>
internal sealed class GuardedServer(WebApplication app) : IAsyncDisposable
{
    private readonly ConcurrentQueue<string?> _authorizations = new();
    private readonly ConcurrentQueue<int> _bodies = new();
    private Gate? _gate;

    public Uri Address { get; private set; } = null!;

    /// <summary>Where /redirect leads.</summary>
    public Uri? Target { get; set; }

    /// <summary>The Authorization headers it received, in order.</summary>
    public string?[] Authorizations => [.. _authorizations];

    /// <summary>How long the bodies were that it received, in order.</summary>
    public int[] Bodies => [.. _bodies];

    public static async Task<GuardedServer> StartAsync(FakeTokenServer tokens)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port: 0));
        var server = new GuardedServer(builder.Build());
        await server.ServeAsync(tokens);
        return server;
    }

    /// <summary>Holds every request until the gate is opened. The token is judged when it passes.</summary>
    public Gate Hold() => _gate = new Gate();

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task ServeAsync(FakeTokenServer tokens)
    {
        app.MapGet("/redirect", () => Results.Redirect(Target!.ToString()));
        app.Map("/me", async (HttpRequest request) =>
        {
            var authorization = request.Headers.Authorization.ToString();
            _authorizations.Enqueue(authorization.Length == 0 ? null : authorization);
            _bodies.Enqueue(await CountAsync(request));
            if (_gate is { } gate)
            {
                await gate.PassAsync();
            }

            return authorization.StartsWith("Bearer ", StringComparison.Ordinal) && tokens.Accepts(authorization["Bearer ".Length..])
                ? Results.Ok()
                : Results.Unauthorized();
        });
        await app.StartAsync();
        Address = new Uri(app.Urls.First());
    }

    private static async Task<int> CountAsync(HttpRequest request)
    {
        var buffer = new byte[1024];
        var count = 0;
        while (await request.Body.ReadAsync(buffer) is > 0 and var read)
        {
            count += read;
        }

        return count;
    }
}

using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using TokenRefresh.TestKit;

namespace TokenRefresh.AspNetCore.Tests.Support;

/// <summary>
/// An API guarded as Django Simple JWT does it, with rotation and blacklisting taken strictly: a refresh token works once. Tokens aren't
/// JWTs here, so their lifetime is unknown to the app, and a 401 is what tells that one has expired.
/// </summary>
internal sealed class JwtApi : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, string> _access = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _refresh = new(StringComparer.Ordinal);
    private int _number;

    private JwtApi(int port)
    {
        Address = new Uri($"http://localhost:{port}/");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        _app = builder.Build();
        _app.MapPost("/api/token/refresh/", (RefreshRequest request) =>
        {
            ReceivedRefreshTokens.Enqueue(request.Refresh);
            return _refresh.TryRemove(request.Refresh, out var user)
                ? Results.Json(Issue(user))
                : Results.Json(new { detail = "Token is blacklisted", code = "token_not_valid" }, statusCode: 401);
        });
        _app.MapPost("/api/token/blacklist/", (RefreshRequest request) =>
        {
            Blacklisted.Enqueue(request.Refresh);
            _refresh.TryRemove(request.Refresh, out _);
            return Results.Json(new { });
        });
        _app.MapGet("/api/me", (HttpContext context) =>
        {
            if (_access.TryGetValue(context.Request.Headers.Authorization.ToString(), out var user))
            {
                return Results.Text(user);
            }

            context.Response.Headers.WWWAuthenticate = "Bearer realm=\"api\"";
            return Results.Json(new { detail = "Given token not valid for any token type", code = "token_not_valid" }, statusCode: 401);
        });
    }

    public Uri Address { get; }

    public ConcurrentQueue<string> ReceivedRefreshTokens { get; } = new();

    public ConcurrentQueue<string> Blacklisted { get; } = new();

    public static async Task<JwtApi> StartAsync()
    {
        var api = new JwtApi(FreePort.Find());
        await api._app.StartAsync();
        return api;
    }

    /// <summary>What the token view gives for a user's name and password.</summary>
    public TokenSet SignIn(string user)
    {
        var pair = Issue(user);
        return new TokenSet(pair.Access, pair.Refresh);
    }

    /// <summary>All access tokens expire.</summary>
    public void ExpireAccessTokens() => _access.Clear();

    /// <summary>All refresh tokens are blacklisted.</summary>
    public void BlacklistAll() => _refresh.Clear();

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
    }

    private Pair Issue(string user)
    {
        var number = Interlocked.Increment(ref _number);
        var pair = new Pair($"access-{user}-{number}", $"refresh-{user}-{number}");
        _access["Bearer " + pair.Access] = user;
        _refresh[pair.Refresh] = user;
        return pair;
    }

    private sealed record RefreshRequest([property: JsonPropertyName("refresh")] string Refresh);

    private sealed record Pair([property: JsonPropertyName("access")] string Access, [property: JsonPropertyName("refresh")] string Refresh);
}

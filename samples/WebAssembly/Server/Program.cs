// Serves the page, and replaces your API and your token server. Access tokens live for 2 seconds (--TokenLifetime=5: for 5),
// and refresh tokens can be used once.

using System.Security.Cryptography;

var builder = WebApplication.CreateBuilder(args);
builder.WebHost.UseStaticWebAssets();       // without it, an app that isn't published has them in the Development environment only
var app = builder.Build();
app.MapStaticAssets();
app.MapFallbackToFile("index.html");

var tokens = new Tokens(lifetime: builder.Configuration.GetValue("TokenLifetime", defaultValue: 2));
app.MapPost("/sign-in", () => tokens.Issue());
app.MapPost("/token", (HttpRequest request) => tokens.Refresh(request.Form["refresh_token"]!) is { } issued
    ? Results.Json(new { access_token = issued.Access, refresh_token = issued.Refresh, token_type = "Bearer", expires_in = issued.Lifetime })
    : Results.BadRequest(new { error = "invalid_grant" })).DisableAntiforgery();
app.MapPost("/orders", (HttpRequest request) => tokens.IsGood(request.Headers.Authorization) ? Results.Ok() : Results.Unauthorized());
app.MapPost("/expire", () => tokens.Expire());      // a button that a server has
app.MapGet("/counts", () => $"{tokens.Refreshes} refreshes, {tokens.UsedTwice} refresh tokens used twice");

await app.RunAsync();

internal sealed record Issued(string Access, string Refresh, int Lifetime);

internal sealed class Tokens(int lifetime)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, DateTimeOffset> _access = [];
    private readonly HashSet<string> _refresh = [];

    public int Refreshes { get; private set; }

    public int UsedTwice { get; private set; }

    public Issued Issue()
    {
        lock (_lock)
        {
            var issued = new Issued(RandomNumberGenerator.GetHexString(32), RandomNumberGenerator.GetHexString(32), lifetime);
            _access[issued.Access] = TimeProvider.System.GetUtcNow().AddSeconds(lifetime);
            _refresh.Add(issued.Refresh);
            return issued;
        }
    }

    public Issued? Refresh(string token)
    {
        lock (_lock)
        {
            if (!_refresh.Remove(token))
            {
                UsedTwice++;
                return null;
            }

            Refreshes++;
            return Issue();
        }
    }

    public bool IsGood(string? authorization)
    {
        lock (_lock)
        {
            return authorization is not null
                && _access.TryGetValue(authorization["Bearer ".Length..], out var end)
                && TimeProvider.System.GetUtcNow() < end;
        }
    }

    public void Expire()
    {
        lock (_lock)
        {
            _access.Clear();
        }
    }
}

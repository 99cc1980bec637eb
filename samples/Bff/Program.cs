// A backend for a frontend. The browser has a session cookie, and the tokens stay in this app: one token session for each browser login.

using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http.HttpResults;
using StackExchange.Redis;
using TokenRefresh;
using TokenRefresh.Samples.Bff;

var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
await using var upstream = await Upstream.FindAsync(builder.Configuration);
var counts = new Counts(TimeProvider.System);

// One session for each login: no two browsers share tokens, and no old cookie opens a new login.
var tokens = builder.Services.AddUserTokenSession("api", options =>
{
    upstream.Configure(options);

    // The tokens of this sample live for some seconds. The default of 10 s without a second refresh is longer than that.
    options.MinRefreshInterval = TimeSpan.Zero;
});
tokens.TokenEndpointClient.AddHttpMessageHandler(() => new CountingHandler(counts.CountRefresh));
builder.Services.AddHttpClient("api", client => client.BaseAddress = upstream.Api)
    .AddTokenRefreshHandler("api")
    .AddHttpMessageHandler(() => new CountingHandler(counts.CountApiCall));

// With Redis, any number of instances share the tokens, and the keys of tokens and cookies.
if (builder.Configuration["Redis"] is { Length: > 0 } servers)
{
    var redis = await ConnectionMultiplexer.ConnectAsync(servers);
    builder.Services.AddSingleton<IConnectionMultiplexer>(redis);
    builder.Services.AddDataProtection().SetApplicationName("bff").PersistKeysToStackExchangeRedis(redis, "bff:keys");
    tokens.UseRedis(redis, options => options.TokenLifetime = TimeSpan.FromDays(1)).UseDataProtection();
}

builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(options =>
{
    options.Cookie.Name = "bff";
    options.Cookie.HttpOnly = true;
    options.Cookie.SameSite = SameSiteMode.Lax;
    options.LoginPath = "/login";
});
builder.Services.AddAuthorization();
builder.Services.AddProblemDetails();

var app = builder.Build();

// The API can't be reached. The user stays signed in.
app.UseExceptionHandler(new ExceptionHandlerOptions
{
    StatusCodeSelector = error => error is HttpRequestException ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status500InternalServerError,
});

// When a login has ended, a page gets the login page, and a script a 401. When the token server can't be reached, both get a 503, and the
// user stays signed in.
app.UseTokenRefresh();
app.UseStaticFiles();
app.UseAuthentication();
app.UseAuthorization();

app.MapGet("/", async (HttpContext context, IHttpClientFactory http, [FromKeyedServices("api")] TokenSession session) =>
{
    counts.CountPage();
    var me = await http.CreateClient("api").GetFromJsonAsync<User>("api/me", context.RequestAborted);
    return Page.Home(me!.Name, context.Request.Host.ToString(), counts.Read(session), canRevoke: upstream.RevokeAsync is not null);
}).RequireAuthorization();

// The page's script calls these endpoints.
app.MapGet("/api/me", (HttpContext context, IHttpClientFactory http) => http.CreateClient("api").GetFromJsonAsync<User>("api/me", context.RequestAborted))
    .RequireAuthorization();

app.MapGet("/counts", (HttpContext context, [FromKeyedServices("api")] TokenSession session, IHostApplicationLifetime lifetime) =>
    TypedResults.ServerSentEvents(counts.WatchAsync(session, context.RequestAborted, lifetime.ApplicationStopping))).RequireAuthorization();

app.MapGet("/login", () => Page.Login(isRefused: false));
app.MapPost("/login", async (HttpContext context, string? returnUrl) =>
{
    var form = await context.Request.ReadFormAsync(context.RequestAborted);
    var user = form["user"].ToString();
    if (await upstream.SignInAsync(user, form["password"].ToString(), context.RequestAborted) is not { } login)
    {
        return Page.Login(isRefused: true);
    }

    var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, user)], "password");
    await context.SignInWithTokensAsync("api", new ClaimsPrincipal(identity), login, cancellationToken: context.RequestAborted);
    return Results.LocalRedirect(RedirectHttpResult.IsLocalUrl(returnUrl) ? returnUrl : "/");
}).RequireSameOrigin();

app.MapSignOut("/logout");

app.MapPost("/revoke", async (HttpContext context) =>
{
    await upstream.RevokeAsync!(context.User.Identity!.Name!);
    return Results.NoContent();
}).RequireAuthorization().RequireSameOrigin();

await app.StartAsync();
Console.WriteLine($"Open {app.Urls.First()} and sign in as alice, password secret.");
Console.WriteLine($"For another instance in front of the same API: {upstream.ToArguments()}");
await app.WaitForShutdownAsync();

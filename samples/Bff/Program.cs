// A backend for a frontend: the browser has a session cookie, the tokens stay here, one session of TokenRefresh per browser session.

using System;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Http.Json;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StackExchange.Redis;
using TokenRefresh;
using TokenRefresh.Samples.Bff;

var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
await using var upstream = await Upstream.FindAsync(builder.Configuration);
var counts = new Counts(TimeProvider.System);

builder.Services.AddHttpContextAccessor();
builder.Services.AddHttpClient("api", client => client.BaseAddress = upstream.Api)
    .AddTokenRefreshHandler(options =>
    {
        upstream.Configure(options);
        options.UserKey = (_, services) => services.GetRequiredService<IHttpContextAccessor>().HttpContext?.User.FindFirstValue("sid");

        // The tokens of this sample live for seconds: the default, 10 s without a second refresh, would be longer than a life.
        options.MinRefreshInterval = TimeSpan.Zero;
    })
    .AddHttpMessageHandler(() => new CountingHandler(counts.CountApiCall));

var tokens = builder.Services.AddTokenSession("api");
tokens.TokenEndpointClient.AddHttpMessageHandler(() => new CountingHandler(counts.CountRefresh));

// With Redis, any number of instances are one: they share the tokens, and the keys of tokens and cookies.
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

// The API or the token server is away, which TokenRefreshException says too: that is no reason to sign anybody out.
app.UseExceptionHandler(new ExceptionHandlerOptions
{
    StatusCodeSelector = error => error is HttpRequestException ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status500InternalServerError,
});

// Besides the cookie's SameSite: no other site's form signs anybody in or out.
app.Use((context, next) =>
{
    var isForeign = context.Request.Headers["Sec-Fetch-Site"].ToString() is not ("" or "same-origin");
    return HttpMethods.IsPost(context.Request.Method) && isForeign
        ? Results.StatusCode(StatusCodes.Status403Forbidden).ExecuteAsync(context)
        : next(context);
});
app.UseStaticFiles();
app.UseAuthentication();
app.UseAuthorization();

app.MapGet("/", async (HttpContext context, IHttpClientFactory http, TokenSessions sessions) =>
{
    counts.CountPage();
    using var response = await http.CreateClient("api").GetAsync("api/me", context.RequestAborted);
    if (response.StatusCode == HttpStatusCode.Unauthorized)
    {
        // The login is dead. The cookie isn't deleted: this answer might overtake a new login in another tab. The login replaces it.
        return Results.Challenge();
    }

    var me = await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<User>(context.RequestAborted);
    return Page.Home(me!.Name, context.Request.Host.ToString(), counts.Read(SessionOf(context, sessions)), canRevoke: upstream.RevokeAsync is not null);
}).RequireAuthorization();

// What the page's script calls: a 401 is answered as one, not by a redirect.
app.MapGet("/api/me", async (HttpContext context, IHttpClientFactory http) =>
{
    using var response = await http.CreateClient("api").GetAsync("api/me", context.RequestAborted);
    return response.IsSuccessStatusCode
        ? Results.Json(await response.Content.ReadFromJsonAsync<User>(context.RequestAborted))
        : Results.StatusCode((int)response.StatusCode);
}).RequireAuthorization().DisableCookieRedirect();

app.MapGet("/counts", (HttpContext context, TokenSessions sessions, IHostApplicationLifetime lifetime) =>
    TypedResults.ServerSentEvents(counts.WatchAsync(SessionOf(context, sessions), context.RequestAborted, lifetime.ApplicationStopping)))
    .RequireAuthorization().DisableCookieRedirect();

app.MapGet("/login", () => Page.Login(isRefused: false));
app.MapPost("/login", async (HttpContext context, TokenSessions sessions, string? returnUrl) =>
{
    var form = await context.Request.ReadFormAsync(context.RequestAborted);
    if (await upstream.SignInAsync(form["user"].ToString(), form["password"].ToString(), context.RequestAborted) is not { } login)
    {
        return Page.Login(isRefused: true);
    }

    // A key of its own for each browser session: no two share a login, and no old cookie opens a new one.
    var sid = Guid.NewGuid().ToString("N");
    await sessions["api", sid].SignInAsync(login, context.RequestAborted);
    var identity = new ClaimsIdentity([new Claim("sid", sid), new Claim(ClaimTypes.Name, form["user"].ToString())], "password");
    await context.SignInAsync(new ClaimsPrincipal(identity));
    return Results.LocalRedirect(returnUrl is { Length: > 0 } ? returnUrl : "/");
});

app.MapPost("/logout", async (HttpContext context, TokenSessions sessions) =>
{
    await SessionOf(context, sessions).SignOutAsync(context.RequestAborted);
    await context.SignOutAsync();
    return Results.LocalRedirect("/login");
}).RequireAuthorization();

app.MapPost("/revoke", async (HttpContext context) =>
{
    await upstream.RevokeAsync!(context.User.Identity!.Name!);
    return Results.NoContent();
}).RequireAuthorization();

await app.StartAsync();
Console.WriteLine($"Open {app.Urls.First()} and sign in as alice, password secret.");
Console.WriteLine($"For another instance in front of the same API: {upstream.ToArguments()}");
await app.WaitForShutdownAsync();

static TokenSession SessionOf(HttpContext context, TokenSessions sessions) => sessions["api", context.User.FindFirstValue("sid")];

// An ASP.NET Core app whose users call an API, each with tokens of his own. Start it, open /login?user=alice, then /me.

using System;
using System.Net;
using System.Net.Http;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh;
using TokenRefresh.Samples.Servers;

// Stands for your login server and your API. Its tokens live for 2 s, so that every second reload meets an expiry.
await using var server = await OAuthServer.StartAsync();

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddHttpContextAccessor();
builder.Services.AddHttpClient("api", client => client.BaseAddress = server.Api)
    .AddTokenRefreshHandler(options =>
    {
        options.TokenEndpoint = server.TokenEndpoint;
        options.ClientId = OAuthServer.ClientId;
        options.ClientSecret = OAuthServer.ClientSecret;
        options.UserKey = (_, services) => services.GetRequiredService<IHttpContextAccessor>().HttpContext?.User.Identity?.Name;
    });
builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme)
    .AddCookie(options => options.LoginPath = "/login");
builder.Services.AddAuthorization();

var app = builder.Build();
app.UseAuthentication();
app.UseAuthorization();

// A sample asks for no password. Yours takes the user to the login server, or asks it with what he typed.
app.MapGet("/login", async (HttpContext context, TokenSessions sessions, string user) =>
{
    var tokens = await server.SignInAsync(user);
    await sessions["api", user].SignInAsync(
        new TokenSet(tokens.AccessToken, tokens.RefreshToken) { ExpiresAt = TimeProvider.System.GetUtcNow() + tokens.ExpiresIn });
    var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, user)], CookieAuthenticationDefaults.AuthenticationScheme);
    await context.SignInAsync(new ClaimsPrincipal(identity));
    return Results.LocalRedirect("/me");
});

app.MapGet("/me", async (HttpContext context, IHttpClientFactory clients) =>
{
    using var response = await clients.CreateClient("api").GetAsync("api/me", context.RequestAborted);
    return response.StatusCode == HttpStatusCode.Unauthorized
        ? Results.Challenge()                                           // the login is dead: to the login page
        : Results.Text(await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync(context.RequestAborted));
}).RequireAuthorization();

app.MapGet("/logout", async (HttpContext context, TokenSessions sessions) =>
{
    await sessions["api", context.User.Identity!.Name].SignOutAsync(context.RequestAborted);
    await context.SignOutAsync();
    return Results.Text("signed out");
}).RequireAuthorization();

app.MapGet("/counts", () => $"{server.Counters.Refreshes} refreshes, {server.Counters.PresentedTwice} refresh tokens used twice");

await app.RunAsync();

using System;
using System.Net.Http;
using System.Security.Claims;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.Samples.Documentation;

/// <summary>The code of docs/aspnetcore.md and docs/blazor.md that no sample program has.</summary>
public static class AspNetCore
{
    public static void Run(string[] args, string secret)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme)
            .AddCookie()
            .AddOpenIdConnect(options =>
            {
                options.Authority = "https://login.example.com";
                options.ClientId = "shop";
                options.ClientSecret = secret;
                options.ResponseType = "code";
            });
        builder.Services.AddAuthorization();
        builder.Services.AddUserTokenSession("shop").UseRedis("redis.example.com").UseDataProtection();
        builder.Services.AddHttpClient("orders", client => client.BaseAddress = new Uri("https://api.example.com"))
            .AddTokenRefreshHandler("shop");

        var app = builder.Build();
        app.UseTokenRefresh();
        app.MapSignOut("/logout");
        app.MapBackChannelLogout("/backchannel-logout");
        app.MapGet("/orders", (IHttpClientFactory clients) => clients.CreateClient("orders").GetStringAsync("orders")).RequireAuthorization();
        app.Run();
    }

    public static void Form(WebApplicationBuilder builder, WebApplication app)
    {
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(options => options.LoginPath = "/login");
        builder.Services.AddUserTokenSession("shop", options =>
        {
            options.TokenEndpoint = new Uri("https://api.example.com/api/token/refresh/");
            options.RevocationEndpoint = new Uri("https://api.example.com/api/token/blacklist/");
            options.Protocol = TokenEndpointProtocol.SimpleJwt;
        });

        app.MapPost("/login", async (HttpContext context) =>
        {
            var form = await context.Request.ReadFormAsync();
            var user = form["user"].ToString();
            if (await AskTokenViewAsync(user, form["password"].ToString()) is not { } tokens)
            {
                return Results.Redirect("/login?refused");
            }

            var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, user)], "password");
            await context.SignInWithTokensAsync("shop", new ClaimsPrincipal(identity), tokens);
            return Results.LocalRedirect("/");
        }).RequireSameOrigin();
    }

    public static void More(WebApplicationBuilder builder, WebApplication app)
    {
        builder.Services.AddUserTokenSession("shop", configureUsers: options => options.Scope = UserTokenScope.PerUser);
        builder.Services.AddHealthChecks().AddTokenRefresh();

        app.MapGet("/hub", async ([FromKeyedServices("shop")] TokenSession session) => await ConnectAsync(await session.GetAccessTokenAsync()));
        app.MapUser("/user");
        app.MapGroup("/api").RequireAuthorization().RequireSameOrigin();
    }

    private static Task<string> ConnectAsync(string? accessToken) => Task.FromResult(accessToken is null ? "signed out" : "connected");

    private static Task<TokenSet?> AskTokenViewAsync(string user, string password) => Task.FromResult<TokenSet?>(new TokenSet(user, password));
}

/// <summary>Events of the app's own, in a class that the container makes.</summary>
public sealed class ShopCookieEvents : TokenRefreshCookieEvents
{
    public override async Task ValidatePrincipal(CookieValidatePrincipalContext context)
    {
        await base.ValidatePrincipal(context);
    }
}

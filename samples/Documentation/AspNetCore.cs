using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
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

    public static void More(WebApplicationBuilder builder, WebApplication app)
    {
        builder.Services.AddUserTokenSession("shop", configureUsers: options => options.Scope = UserTokenScope.PerUser);
        builder.Services.AddHealthChecks().AddTokenRefresh();

        app.MapGet("/hub", async ([FromKeyedServices("shop")] TokenSession session) => await ConnectAsync(await session.GetAccessTokenAsync()));
        app.MapUser("/user");
        app.MapGroup("/api").RequireAuthorization().RequireSameOrigin();
    }

    private static Task<string> ConnectAsync(string? accessToken) => Task.FromResult(accessToken is null ? "signed out" : "connected");
}

/// <summary>Events of the app's own, in a class that the container makes.</summary>
public sealed class ShopCookieEvents : TokenRefreshCookieEvents
{
    public override async Task ValidatePrincipal(CookieValidatePrincipalContext context)
    {
        await base.ValidatePrincipal(context);
    }
}

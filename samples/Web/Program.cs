// An ASP.NET Core app with OpenID Connect. Its users call an API, each with their own tokens. Start it, open the address that it prints,
// and reload as fast as you like: the tokens of this sample live for 5 seconds.

using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.Cookies;
using TokenRefresh;
using TokenRefresh.Samples.Servers;

// This server replaces your provider and your API.
await using var provider = await OpenIdConnectServer.StartAsync(accessTokenLifetime: TimeSpan.FromSeconds(5));

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme)
    .AddCookie()
    .AddOpenIdConnect(options =>
    {
        options.Authority = provider.Address.ToString();
        options.RequireHttpsMetadata = false;               // the sample's provider is on this machine
        options.ClientId = OpenIdConnectServer.ClientId;
        options.ClientSecret = OpenIdConnectServer.ClientSecret;
        options.ResponseType = "code";
    });
builder.Services.AddAuthorization();

// A session for each login. It gets client and endpoints from the OpenID Connect scheme. Its tokens are saved in encrypted files, so that a
// restart keeps them.
builder.Services.AddUserTokenSession("shop")
    .UseFileStore(Path.Combine(Path.GetTempPath(), "tokenrefresh-web-sample")).UseDataProtection();
builder.Services.AddHttpClient("orders", client => client.BaseAddress = provider.Address).AddTokenRefreshHandler("shop");

var app = builder.Build();
app.UseTokenRefresh();              // a login that has ended: pages get a sign-in, scripts a 401
app.MapSignOut("/logout");          // a POST: signs out here and at the provider
app.MapBackChannelLogout();         // the provider signs a user out

app.MapGet("/", (ClaimsPrincipal user) => Results.Content($"""
    <!doctype html><title>Orders</title>
    <h1>Hello {user.FindFirstValue("name")}</h1>
    <p><a href="/orders">My orders</a></p>
    <form method="post" action="/logout"><button>Sign out</button></form>
    """, "text/html; charset=utf-8")).RequireAuthorization();

app.MapGet("/orders", (IHttpClientFactory clients) => clients.CreateClient("orders").GetStringAsync("api/me")).RequireAuthorization();

app.MapGet("/counts", () => $"{provider.Counters.Refreshes} refreshes, {provider.Counters.PresentedTwice} refresh tokens used twice");

await app.RunAsync();

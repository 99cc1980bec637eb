// A Blazor Server app with OpenID Connect. Its circuits call an API with the token of their own user, for as long as they are open. Start
// it, open the address that it prints, and leave the page open: the tokens of this sample live for 2 seconds.

using Microsoft.AspNetCore.Authentication.Cookies;
using TokenRefresh.Samples.BlazorApp.Components;
using TokenRefresh.Samples.Servers;

// This server replaces your provider and your API.
await using var provider = await OpenIdConnectServer.StartAsync(accessTokenLifetime: TimeSpan.FromSeconds(2));
var api = provider.Address;
var tokens = Path.Combine(Path.GetTempPath(), "tokenrefresh-blazor-sample");

var builder = WebApplication.CreateBuilder(args);
builder.WebHost.UseStaticWebAssets();       // without it, an app that isn't published has them in the Development environment only
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
builder.Services.AddCascadingAuthenticationState();
builder.Services.AddRazorComponents().AddInteractiveServerComponents();

// A session for each login, and in each circuit the session of its user.
builder.Services.AddUserTokenSession("shop").UseFileStore(tokens).UseDataProtection();
builder.Services.AddTokenRefreshForBlazor();
builder.Services.AddHttpClient("orders", client => client.BaseAddress = api).AddTokenRefreshHandler("shop");

var app = builder.Build();
app.UseTokenRefresh();
app.UseAntiforgery();
app.MapStaticAssets();
app.MapSignOut("/logout");
app.MapBackChannelLogout();
app.MapRazorComponents<App>().AddInteractiveServerRenderMode();
app.MapGet("/counts", () => $"{provider.Counters.Refreshes} refreshes, {provider.Counters.PresentedTwice} refresh tokens used twice");
app.MapPost("/revoke/{user}", (string user) => provider.RevokeAsync(user)).RequireSameOrigin();     // a button that a provider has

await app.RunAsync();

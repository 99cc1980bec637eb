// A page that runs in the browser and calls an API with its own tokens. The tokens are in memory only, so the user must sign in again after a
// reload of the page. A script in the page can read them, so a backend for a frontend (samples/Bff) is better for most apps.

using Microsoft.AspNetCore.Components.WebAssembly.Hosting;
using TokenRefresh;
using TokenRefresh.Samples.WebAssembly;

var builder = WebAssemblyHostBuilder.CreateDefault(args);
builder.RootComponents.Add<App>("#app");

var server = new Uri(builder.HostEnvironment.BaseAddress);
builder.Services.AddHttpClient("orders", client => client.BaseAddress = server)
    .AddTokenRefreshHandler(options =>
    {
        options.TokenEndpoint = new Uri(server, "token");
        options.ClientId = "shop";      // a public client: it has no secret
    });

await builder.Build().RunAsync();

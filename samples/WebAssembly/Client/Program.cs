// A page that runs in the browser and calls an API with tokens of its own. They are in memory only: a reload of the page asks for another
// sign-in. A script in the page can read them, so a backend for a frontend (samples/Bff) is the better shape for most apps.

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

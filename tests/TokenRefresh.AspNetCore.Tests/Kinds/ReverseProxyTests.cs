using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokenRefresh.TestKit;
using Yarp.ReverseProxy.Configuration;

namespace TokenRefresh.AspNetCore.Tests.Kinds;

/// <summary>An app behind a reverse proxy (YARP), which has the TLS, the host name and a path base of its own.</summary>
public sealed class ReverseProxyTests : AppKindTests
{
    internal override async Task<RunningApp> StartAsync()
    {
        var setup = new NodeSetup
        {
            // Without the two calls after it, the framework authenticates before it: redirects would name the node.
            ConfigurePipeline = app => app.UseForwardedHeaders(new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.All })
                .UseAuthentication().UseAuthorization(),
            Map = Http2Tests.MapPage,
        };
        var provider = await Provider.StartAsync();
        var node = await Node.StartAsync(provider, setup);
        var address = new Uri($"https://127.0.0.1:{FreePort.Find()}/shop/");
        await provider.AllowAsync(address);
        return new RunningApp(provider, setup, node, new Uri(address, Path), await StartProxyAsync(address, node.Address));
    }

    private static async Task<WebApplication> StartProxyAsync(Uri address, Uri node)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration()
            .ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, address.Port, listen => listen.UseHttps(Certificates.Local)));
        builder.Services.AddReverseProxy().LoadFromMemory(
            [new RouteConfig { RouteId = "shop", ClusterId = "shop", Match = new RouteMatch { Path = "{**rest}" } }],
            [
                new ClusterConfig
                {
                    ClusterId = "shop",
                    Destinations = new Dictionary<string, DestinationConfig>(StringComparer.Ordinal) { ["node"] = new() { Address = node.ToString() } },
                },
            ]);
        var proxy = builder.Build();
        proxy.UsePathBase(address.AbsolutePath.TrimEnd('/'));
        proxy.UseRouting();
        proxy.MapReverseProxy();
        await proxy.StartAsync();
        return proxy;
    }
}

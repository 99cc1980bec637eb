using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace TokenRefresh.ServerTests;

/// <summary>Kestrel that speaks HTTP/2 only, without TLS, and a client that does.</summary>
internal static class Http2
{
    public static WebApplication CreateServer()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port: 0, listen => listen.Protocols = HttpProtocols.Http2));
        return builder.Build();
    }

    public static HttpClient CreateClient(TokenSession session, Uri address) =>
        new(new TokenRefreshHandler(session) { InnerHandler = new SocketsHttpHandler() })
        {
            BaseAddress = address,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
}

using System.Net;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.AspNetCore.Tests.Kinds;

/// <summary>A minimal API over HTTP/2 and TLS: all requests of a browser share a connection.</summary>
public sealed class Http2Tests : AppKindTests
{
    internal override Task<RunningApp> StartAsync() => StartAsync(new NodeSetup { Certificate = Certificates.Local, Map = MapPage });

    internal override void AssertKind(Page page) => Assert.Equal(HttpVersion.Version20, page.Version);

    internal static void MapPage(WebApplication app) =>
        app.MapGet("/page", async (HttpContext context, IHttpClientFactory clients, IAntiforgery antiforgery) =>
        {
            var user = await clients.CreateClient("orders").GetStringAsync("api/me", context.RequestAborted);
            var token = antiforgery.GetAndStoreTokens(context);
            return Results.Content($"orders of {user} <input name=\"{token.FormFieldName}\" value=\"{token.RequestToken}\">", "text/html");
        }).RequireAuthorization();
}

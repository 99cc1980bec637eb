using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.AspNetCore.Tests.Kinds;

/// <summary>MVC controllers.</summary>
public sealed class MvcTests : AppKindTests
{
    internal override Task<RunningApp> StartAsync() => StartAsync(new NodeSetup
    {
        ConfigureServices = services => services.AddControllersWithViews().AddApplicationPart(typeof(MvcTests).Assembly),
        Map = app => app.MapControllers(),
    });
}

/// <summary>The controller of <see cref="MvcTests"/>.</summary>
[Authorize]
public sealed class KindController(IHttpClientFactory clients, IAntiforgery antiforgery) : Controller
{
    [HttpGet("/page")]
    public async Task<IActionResult> GetAsync()
    {
        var user = await clients.CreateClient("orders").GetStringAsync("api/me", HttpContext.RequestAborted);
        var token = antiforgery.GetAndStoreTokens(HttpContext);
        return Content($"orders of {user} <input name=\"{token.FormFieldName}\" value=\"{token.RequestToken}\">", "text/html");
    }
}

using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.AspNetCore.Tests.Kinds;

/// <summary>Razor Pages. The page calls the API while it is rendered.</summary>
public sealed class RazorPagesTests : AppKindTests
{
    protected override string Path => "razor";

    internal override Task<RunningApp> StartAsync() => StartAsync(new NodeSetup
    {
        ConfigureServices = services => services.AddRazorPages(options => options.RootDirectory = "/Kinds/Pages")
            .AddApplicationPart(typeof(RazorPagesTests).Assembly),
        Map = app => app.MapRazorPages(),
    });
}

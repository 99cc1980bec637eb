using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.EntityFrameworkCore.Tests;
using TokenRefresh.TestKit;

namespace TokenRefresh.EntityFrameworkCore8.Tests;

/// <summary>An app that keeps its tokens in MariaDB.</summary>
internal static class MariaDbApp
{
    public static TestApp Create(MariaDbDatabase database) => TestApp.Create(services: services => services
        .AddDbContext<AppDbContext>(database.Use)
        .AddTokenSession(TestApp.Name).UseEntityFrameworkCore<AppDbContext>().AllowUnencryptedStore());
}

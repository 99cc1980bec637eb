using Microsoft.Extensions.Diagnostics.HealthChecks;
using TokenRefresh.AspNetCore.Diagnostics;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds a health check for token sessions.</summary>
public static class TokenRefreshHealthChecksBuilderExtensions
{
    /// <summary>
    /// Reports degraded health while refreshes fail, or while the API rejects tokens that were just refreshed. An ended login is no
    /// failure. The check reads no store and calls no server.
    /// </summary>
    /// <param name="builder">The health checks.</param>
    /// <param name="name">The name of the check.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is empty.</exception>
    public static IHealthChecksBuilder AddTokenRefresh(this IHealthChecksBuilder builder, string name = "token_refresh")
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        return builder.AddCheck<TokenRefreshHealthCheck>(name, HealthStatus.Degraded);
    }
}

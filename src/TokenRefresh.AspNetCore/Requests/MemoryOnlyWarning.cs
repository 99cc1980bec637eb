using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using TokenRefresh.AspNetCore.Diagnostics;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.Requests;

/// <summary>Warns at the start of the app of sessions that a restart loses.</summary>
internal sealed class MemoryOnlyWarning(UserSessionRegistry registry, StoreAdvice advice, ILogger<MemoryOnlyWarning> logger)
    : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var session in registry.All.Where(session => !advice.HasStore(session)))
        {
            Log.MemoryOnly(logger, session.Name);
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

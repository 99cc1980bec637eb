using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace TokenRefresh.Tests.Diagnostics;

public sealed class TokenHealthCheck(TokenSessions sessions) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        // A login that died is its user's affair, not the server's.
        var failing = sessions.GetHealth().Where(session => session.LastFailure is TokenRefreshFailure.Transient or TokenRefreshFailure.Configuration);
        var told = string.Join(", ", failing.Select(session => $"{session.SessionName}: {session.LastFailure}").Distinct());
        return Task.FromResult(told is "" ? HealthCheckResult.Healthy() : HealthCheckResult.Degraded(told));
    }
}

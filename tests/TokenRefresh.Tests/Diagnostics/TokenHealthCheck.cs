using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace TokenRefresh.Tests.Diagnostics;

public sealed class TokenHealthCheck(TokenSessions sessions) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        // An ended login concerns its user, not the app's health.
        var failing = sessions.GetHealth().Where(session => session.LastFailure is TokenRefreshFailure.Transient or TokenRefreshFailure.Configuration);
        var problems = string.Join(", ", failing.Select(session => $"{session.SessionName}: {session.LastFailure}").Distinct());
        return Task.FromResult(problems is "" ? HealthCheckResult.Healthy() : HealthCheckResult.Degraded(problems));
    }
}

using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace TokenRefresh.AspNetCore.Diagnostics;

/// <summary>Says which sessions can't refresh now, by name and number, without users.</summary>
internal sealed class TokenRefreshHealthCheck(TokenSessions sessions) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var failures = sessions.GetHealth()
            .Where(session => session.LastFailure is TokenRefreshFailure.Transient or TokenRefreshFailure.Configuration)
            .GroupBy(session => (session.SessionName, session.LastFailure))
            .OrderBy(failure => failure.Key.SessionName, StringComparer.Ordinal)
            .Select(failure => $"{failure.Key.SessionName}: {failure.Count()} can't refresh ({failure.Key.LastFailure})")
            .ToArray();
        return Task.FromResult(failures.Length == 0
            ? HealthCheckResult.Healthy()
            : new HealthCheckResult(context.Registration.FailureStatus, string.Join(", ", failures)));
    }
}

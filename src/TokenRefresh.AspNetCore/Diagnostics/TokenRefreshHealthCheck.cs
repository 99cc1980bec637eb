using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace TokenRefresh.AspNetCore.Diagnostics;

/// <summary>
/// Reports the names and numbers of the sessions that can't refresh now, and of those whose new tokens the API rejects. It names no users.
/// </summary>
internal sealed class TokenRefreshHealthCheck(TokenSessions sessions) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var all = sessions.GetHealth().ToArray();
        var failures = all
            .Where(session => session.LastFailure is TokenRefreshFailure.Transient or TokenRefreshFailure.Configuration)
            .GroupBy(session => (session.SessionName, session.LastFailure))
            .OrderBy(failure => failure.Key.SessionName, StringComparer.Ordinal)
            .Select(failure => $"{failure.Key.SessionName}: {failure.Count()} can't refresh ({failure.Key.LastFailure})")
            .ToArray();
        var rejections = all
            .Where(session => session.IsRefreshedTokenRejected)
            .GroupBy(session => session.SessionName, StringComparer.Ordinal)
            .OrderBy(rejection => rejection.Key, StringComparer.Ordinal)
            .Select(rejection => $"{rejection.Key}: the API rejects the new tokens of {rejection.Count()}");
        var problems = string.Join(", ", failures.Concat(rejections));
        return Task.FromResult(
            failures.Length > 0 ? new HealthCheckResult(context.Registration.FailureStatus, problems)
            : problems.Length > 0 ? HealthCheckResult.Degraded(problems)
            : HealthCheckResult.Healthy());
    }
}

namespace TokenRefresh.Diagnostics;

/// <summary>One request's wait that is being measured.</summary>
internal sealed record WaitMeasurement(DateTimeOffset StartedAt);

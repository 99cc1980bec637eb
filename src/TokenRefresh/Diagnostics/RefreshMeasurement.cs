namespace TokenRefresh.Diagnostics;

/// <summary>The measurements of one refresh: its reason as a tag, and the message of its failure if it failed.</summary>
internal readonly record struct RefreshMeasurement(string Reason, FlightOutcome Outcome, TimeSpan Duration, int Waiters, string? Failure);

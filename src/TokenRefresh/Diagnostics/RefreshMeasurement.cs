namespace TokenRefresh.Diagnostics;

/// <summary>The measurements of one refresh.</summary>
/// <param name="Reason">Why it was started, as a tag.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Duration">How long it took.</param>
/// <param name="Waiters">How many requests waited for it.</param>
/// <param name="Failure">The message of its failure, or <see langword="null"/>.</param>
internal readonly record struct RefreshMeasurement(string Reason, FlightOutcome Outcome, TimeSpan Duration, int Waiters, string? Failure);

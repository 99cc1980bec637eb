using TokenRefresh.Diagnostics;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Refreshing;

/// <summary>What a flight, or a step of it, did.</summary>
/// <param name="Outcome">What came of it.</param>
/// <param name="Result">What the waiters get.</param>
internal sealed record FlightRun(FlightOutcome Outcome, FlightResult Result)
{
    /// <summary>The flight isn't done yet: continue with the snapshot that was published last.</summary>
    public static FlightRun Unfinished { get; } = new(FlightOutcome.Superseded, FlightResult.Completed);

    /// <summary>A sign-in, a sign-out or the store made a refresh unnecessary.</summary>
    public static FlightRun Superseded { get; } = new(FlightOutcome.Superseded, FlightResult.Completed);

    /// <summary>What the app is notified of after the flight has landed.</summary>
    public EventArgs? Event { get; init; }

    /// <summary>Tokens that aren't used, because the user signed out while they were on their way.</summary>
    public TokenSet? Orphaned { get; init; }

    /// <summary>The exception that ended the flight, if none was expected there.</summary>
    public Exception? Crash { get; init; }

    public bool IsUnfinished => ReferenceEquals(this, Unfinished);

    public static FlightRun Failed(FlightFailure failure) => new(
        failure.Kind == TokenRefreshFailure.Configuration ? FlightOutcome.Configuration : FlightOutcome.Transient,
        FlightResult.Failed(failure));
}

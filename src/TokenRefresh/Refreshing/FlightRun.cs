using TokenRefresh.Diagnostics;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Refreshing;

/// <summary>The result of a flight, or of a step of it.</summary>
internal sealed record FlightRun(FlightOutcome Outcome, FlightResult Result)
{
    /// <summary>A sign-in, a sign-out or the store made a refresh unnecessary.</summary>
    public static FlightRun Superseded { get; } = new(FlightOutcome.Superseded, FlightResult.Completed);

    /// <summary>The flight isn't done yet: continue with the snapshot that was published last.</summary>
    public static FlightRun Unfinished { get; } = Superseded with { IsUnfinished = true };

    /// <summary>The event for the app, raised after the flight has landed; <see langword="null"/> if there is none.</summary>
    public EventArgs? Event { get; init; }

    /// <summary>New tokens that aren't used, because the user signed out before they arrived.</summary>
    public TokenSet? Orphaned { get; init; }

    /// <summary>The unexpected exception that ended the flight; <see langword="null"/> if there was none.</summary>
    public Exception? Crash { get; init; }

    public bool IsUnfinished { get; private init; }

    public static FlightRun Failed(FlightFailure failure) => new(
        failure.Kind == TokenRefreshFailure.Configuration ? FlightOutcome.Configuration : FlightOutcome.Transient,
        FlightResult.Failed(failure));
}

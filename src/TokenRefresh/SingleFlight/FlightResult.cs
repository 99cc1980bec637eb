using System.Diagnostics.CodeAnalysis;

namespace TokenRefresh.SingleFlight;

/// <summary>How a flight ended. It is a value: a flight's task never faults and is never cancelled.</summary>
internal sealed class FlightResult
{
    private readonly FlightFailure? _failure;

    private FlightResult(FlightFailure? failure) => _failure = failure;

    /// <summary>The session has a newer snapshot, or needs none. Waiters read the session again.</summary>
    public static FlightResult Completed { get; } = new(failure: null);

    public static FlightResult Failed(FlightFailure failure) => new(failure);

    public bool IsFailure([NotNullWhen(true)] out FlightFailure? failure) => (failure = _failure) is not null;
}

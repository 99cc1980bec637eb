using System.Threading;

namespace TokenRefresh.SingleFlight;

/// <summary>Knows, inside a flight, which one it is: a flight that waits for itself would never end.</summary>
internal static class FlightScope
{
    private static readonly AsyncLocal<Flight?> Inside = new();

    public static Flight? Current => Inside.Value;

    /// <summary>Holds until the async method that called it returns.</summary>
    public static void Enter(Flight flight) => Inside.Value = flight;
}

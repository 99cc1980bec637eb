namespace TokenRefresh.SingleFlight;

/// <summary>The flight that the current code runs in. It is used to detect a flight that waits for itself and would never end.</summary>
internal static class AmbientFlight
{
    private static readonly AsyncLocal<Flight?> Value = new();

    public static Flight? Current => Value.Value;

    /// <summary>Sets it until the calling async method returns.</summary>
    public static void Set(Flight flight) => Value.Value = flight;
}

namespace TokenRefresh.Schedules;

/// <summary>Bugs of the kind that peers have, planted in the library's sources at build. Off, unless a test shows that they are found.</summary>
internal static class Plants
{
    /// <summary>A flight that was superseded takes its successor out of its place when it lands.</summary>
    public static bool LateFinisherRemovesANewerFlight { get; set; }

    /// <summary>Whether a flight is open is asked before the gate, and not again inside.</summary>
    public static bool ActsWithoutCheckingAgain { get; set; }

    /// <summary>A flight publishes although a sign-in or sign-out came first.</summary>
    public static bool PublishesOverSomethingNewer { get; set; }

    /// <summary>Waiters are woken before the new tokens are published.</summary>
    public static bool WakesBeforePublishing { get; set; }
}

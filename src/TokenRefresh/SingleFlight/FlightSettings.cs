namespace TokenRefresh.SingleFlight;

/// <summary>The settings that the sessions of one name share for their flights.</summary>
/// <param name="SessionName">The name, for messages.</param>
/// <param name="Time">The clock.</param>
/// <param name="Random">Returns a random number from 0 to 1.</param>
/// <param name="MinRefreshInterval">How long after a refresh a 401 starts no other one.</param>
/// <param name="HasStore">
/// Whether the tokens are in a store. Then the store decides the order of sign-ins, and other processes may write to it.
/// </param>
internal sealed record FlightSettings(
    string SessionName, TimeProvider Time, Func<double> Random, TimeSpan MinRefreshInterval, bool HasStore)
{
    public StripedLock Gates { get; } = new();
}

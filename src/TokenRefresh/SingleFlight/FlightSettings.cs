using System.Runtime.CompilerServices;

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

/// <summary>
/// The gates of all sessions of one name. A gate per session would be a third of a session's memory, so all sessions share 64 gates. A gate
/// is held for a few instructions and never inside another gate, so sessions with the same gate don't delay each other noticeably.
/// </summary>
internal sealed class StripedLock
{
    private readonly SemaphoreSlim?[] _gates = new SemaphoreSlim?[64];

    public SemaphoreSlim For(object owner)
    {
        ref var gate = ref _gates[RuntimeHelpers.GetHashCode(owner) % _gates.Length];
        return Volatile.Read(ref gate) ?? Interlocked.CompareExchange(ref gate, new SemaphoreSlim(1, 1), null) ?? gate;
    }
}

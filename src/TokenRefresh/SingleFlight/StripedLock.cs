using System.Runtime.CompilerServices;

namespace TokenRefresh.SingleFlight;

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

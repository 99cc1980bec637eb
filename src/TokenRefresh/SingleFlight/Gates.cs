using System.Runtime.CompilerServices;
using System.Threading;

namespace TokenRefresh.SingleFlight;

/// <summary>
/// The gates of all sessions of one name: a gate of its own would be a third of what a session takes. Each is held for a few
/// instructions and inside no other, so that sessions that meet at one don't notice.
/// </summary>
internal sealed class Gates
{
    private readonly SemaphoreSlim?[] _gates = new SemaphoreSlim?[64];

    public SemaphoreSlim Of(TokenSession session)
    {
        ref var gate = ref _gates[RuntimeHelpers.GetHashCode(session) % _gates.Length];
        return Volatile.Read(ref gate) ?? Interlocked.CompareExchange(ref gate, new SemaphoreSlim(1, 1), null) ?? gate;
    }
}

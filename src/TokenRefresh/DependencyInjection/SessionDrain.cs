using System;
using System.Threading.Tasks;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.DependencyInjection;

/// <summary>
/// Waits for a session's last flight while everything it needs is still there: a container disposes in reverse order of creation, and
/// this is made after the store, the protector and their connections, unlike <see cref="TokenSessions"/>.
/// </summary>
internal sealed class SessionDrain : IAsyncDisposable, IDisposable
{
    public SessionServices? Services { get; set; }

    public ValueTask DisposeAsync() => Services?.DisposeAsync() ?? default;

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();
}

using TokenRefresh.Refreshing;

namespace TokenRefresh.DependencyInjection;

/// <summary>
/// Waits for a session's last flight before its store, its protector and their connections are disposed. A container disposes in reverse
/// order of creation. This object is created after them, unlike <see cref="TokenSessions"/>.
/// </summary>
internal sealed class DrainOnDispose : IAsyncDisposable, IDisposable
{
    public SessionServices? Services { get; set; }

    public ValueTask DisposeAsync() => Services?.DisposeAsync() ?? default;

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();
}

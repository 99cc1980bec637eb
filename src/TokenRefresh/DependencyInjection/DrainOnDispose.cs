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

/// <summary>
/// Waits for the last flights of sessions that were added at run time, before their store is disposed. A container disposes in reverse
/// order of creation. This object is created with the first session that is added, after the store.
/// </summary>
internal sealed class DrainAddedSessions(TokenSessions sessions) : IAsyncDisposable, IDisposable
{
    public ValueTask DisposeAsync() => sessions.DisposeAsync();

    public void Dispose() => sessions.Dispose();
}

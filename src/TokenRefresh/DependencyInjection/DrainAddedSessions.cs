namespace TokenRefresh.DependencyInjection;

/// <summary>
/// Waits for the last flights of sessions that were added at run time, before their store is disposed. A container disposes in reverse
/// order of creation. This object is created with the first session that is added, after the store.
/// </summary>
internal sealed class DrainAddedSessions(TokenSessions sessions) : IAsyncDisposable, IDisposable
{
    public ValueTask DisposeAsync() => sessions.DisposeAsync();

    public void Dispose() => sessions.Dispose();
}

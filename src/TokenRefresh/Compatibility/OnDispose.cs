namespace TokenRefresh;

/// <summary>Runs an action when it is disposed for the first time.</summary>
internal sealed class OnDispose(Action action) : IDisposable
{
    private Action? _action = action;

    public void Dispose() => Interlocked.Exchange(ref _action, null)?.Invoke();
}

namespace TokenRefresh.Tests.Support;

/// <summary>Waits for what happens in the background; real time only ends a test that hangs.</summary>
internal static class Eventually
{
    public static async Task UntilAsync(Func<bool> condition)
    {
        using var failSafe = new CancellationTokenSource(Gate.FailSafe, TimeProvider.System);
        while (!condition())
        {
            failSafe.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}

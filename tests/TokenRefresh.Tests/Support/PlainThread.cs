namespace TokenRefresh.Tests.Support;

/// <summary>Runs code on a thread of its own, which has no synchronization context: that of a test may have one of its runner.</summary>
internal static class PlainThread
{
    /// <param name="action">The code. Its stack is small.</param>
    public static void Run(Action action)
    {
        var thread = new Thread(() => action(), maxStackSize: 256 * 1024);
        thread.Start();
        thread.Join();
    }
}
